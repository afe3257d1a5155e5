import { constants, createReadStream, openSync } from "node:fs";
import { stat } from "node:fs/promises";
import { Socket } from "node:net";
import { addAbortSignal, type Readable } from "node:stream";
import type { Picture } from "@pixelmesh/client";
import { AppError } from "@pixelmesh/errors";
import { isStdin } from "./standard-paths.ts";

/** Limit of the bytes that are kept of a picture that can be read only once, so that its upload can be retried. */
const keptBytes = 64 * 1024 * 1024;

/**
 * Returns the content for an upload. A file is opened again for each try. The bytes of standard input, a pipe or a device are kept, up to
 * 64 MiB. Throws INVALID_ARGUMENT for a directory, and errors of the file system.
 */
export async function openPicture(
  name: string,
  path: string,
  { stdin, signal }: { readonly stdin: Readable | undefined; readonly signal: AbortSignal },
): Promise<Picture> {
  if (isStdin(path) && stdin) return keep(name, addAbortSignal(signal, stdin));
  const stats = await stat(path);
  if (stats.isDirectory()) throw new AppError("INVALID_ARGUMENT", `Expected ${path} to be a picture, got a directory`);
  const read = () => createReadStream(path, { highWaterMark: 1024 * 1024 });
  if (stats.isFile()) return { name, open: read, sizeBytes: stats.size };
  return keep(name, addAbortSignal(signal, stats.isFIFO() ? openFifo(path) : read()));
}

/** Opening a FIFO as a file would block a thread until a writer opens it, which no signal ends. */
function openFifo(path: string): Readable {
  const fd = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
  return new Socket({ fd, readable: true, writable: false });
}

async function keep(name: string, stream: Readable): Promise<Picture> {
  const kept: Uint8Array[] = [];
  let sizeBytes = 0;
  const iterator = stream[Symbol.asyncIterator]() as AsyncIterator<Uint8Array>;
  for (;;) {
    const next = await iterator.next();
    if (next.done) return { name, sizeBytes, open: () => from(kept) };
    kept.push(next.value);
    sizeBytes += next.value.length;
    if (sizeBytes > keptBytes) break;
  }
  return { name, stream: join(kept, { [Symbol.asyncIterator]: () => iterator }) };
}

async function* from(chunks: readonly Uint8Array[]): AsyncGenerator<Uint8Array> {
  yield* chunks;
}

async function* join(first: readonly Uint8Array[], rest: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  yield* first;
  yield* rest;
}
