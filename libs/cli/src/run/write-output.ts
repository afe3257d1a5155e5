import { constants, createWriteStream, type Stats } from "node:fs";
import { chmod, chown, copyFile, open, rename, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname } from "node:path";
import { Readable, type Writable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { setTimeout as sleep } from "node:timers/promises";
import { findTarget, findWriteFailure, toPartPath } from "./output-target.ts";

type Chunks = AsyncIterable<Uint8Array>;

/** The standard output of the process, and the signal that ends the command. */
export type WriteContext = { readonly stdout?: Writable | undefined; readonly signal?: AbortSignal | undefined };

const readerPollMs = 50;

/**
 * Writes a file atomically: the previous file at `path` stays until the new content is complete. Follows links. Keeps mode, owner and
 * further hard links of the previous file. Writes directly to standard output, descriptors, pipes and devices.
 */
export async function writeOutput(path: string, chunks: Chunks, context: WriteContext = {}): Promise<void> {
  const target = findTarget(path);
  if (target.kind === "file") return writeFile(target.path, target.existing, chunks, context);
  if (target.kind === "descriptor") {
    if (target.fd === 1 && context.stdout) return writeTo(context.stdout, chunks, context, { end: false });
    return writeTo(createWriteStream("", { fd: target.fd, autoClose: false }), chunks, context);
  }
  const close = target.isFifo ? await waitForReader(target.path, context.signal) : undefined;
  try {
    await writeTo(createWriteStream(target.path), chunks, context);
  } finally {
    await close?.();
  }
}

async function writeFile(path: string, existing: Stats | undefined, chunks: Chunks, context: WriteContext) {
  const isFolderClosed = existing !== undefined && findWriteFailure(dirname(path)) !== undefined;
  const part = toPartPath(isFolderClosed ? tmpdir() : dirname(path));
  try {
    await writeTo(createWriteStream(part, { flags: "wx", mode: existing ? 0o600 : 0o666 }), chunks, context);
    if (existing && (isFolderClosed || existing.nlink > 1)) return await copyFile(part, path);
    if (existing) {
      // Only root may keep another owner.
      await chown(part, existing.uid, existing.gid).catch(() => {});
      await chmod(part, existing.mode & 0o7777);
    }
    await rename(part, path);
  } finally {
    await rm(part, { force: true });
  }
}

/** Opening a FIFO blocks a thread until a reader opens it, which no signal ends. This polls instead. */
async function waitForReader(path: string, signal: AbortSignal | undefined): Promise<() => Promise<void>> {
  for (;;) {
    try {
      const held = await open(path, constants.O_WRONLY | constants.O_NONBLOCK);
      return () => held.close();
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "ENXIO") throw error;
      await sleep(readerPollMs, undefined, { signal });
    }
  }
}

async function writeTo(stream: Writable, chunks: Chunks, { signal }: WriteContext, { end = true } = {}): Promise<void> {
  await pipeline(Readable.from(chunks, { objectMode: true }), stream, { end, ...(signal ? { signal } : {}) });
}
