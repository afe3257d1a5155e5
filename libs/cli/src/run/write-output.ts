import { createWriteStream, statSync } from "node:fs";
import { rename, rm } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";

/**
 * Writes a file whole or not at all: what was at `path` stays until the new content is complete. A path that is no regular
 * file (a pipe, a terminal) is written to as it is.
 */
export async function writeOutput(path: string, chunks: AsyncIterable<Uint8Array>): Promise<void> {
  const existing = statSync(path, { throwIfNoEntry: false });
  if (existing && !existing.isFile()) return await writeTo(path, chunks);
  const temporary = join(dirname(path), `.${basename(path)}.${process.pid}.part`);
  try {
    await writeTo(temporary, chunks);
    await rename(temporary, path);
  } catch (error) {
    await rm(temporary, { force: true });
    throw error;
  }
}

async function writeTo(path: string, chunks: AsyncIterable<Uint8Array>): Promise<void> {
  await pipeline(Readable.from(chunks, { objectMode: true }), createWriteStream(path));
}
