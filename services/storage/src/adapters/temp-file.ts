import type { Stats } from "node:fs";
import { open, rename, rm, stat } from "node:fs/promises";
import { hostname } from "node:os";
import { join } from "node:path";
import { isLeftover, tempName, type Writer } from "../domain/leftovers.ts";
import { orMissing } from "./fs-errors.ts";
import { type Layout, listNames } from "./layout.ts";
import { writeSmallFile } from "./small-file.ts";

/** A file that is being uploaded. Call `commit`, `discard`, or `discard` after `commit`, which then does nothing. */
export type TempFile = {
  /** Appends a chunk. */
  write(chunk: Uint8Array): Promise<void>;
  /** Makes the bytes durable under their final name, with `mtimeMs` as the modification time. Returns the file's stat. */
  commit(sha256: string, mtimeMs: number): Promise<Stats>;
  /** Removes the file unless it was committed. */
  discard(): Promise<void>;
};

/** Creates temporary files and removes those of dead processes. */
export type TempFiles = {
  create(): Promise<TempFile>;
  /** Stores a small blob through a temporary file, durably, with `mtimeMs` as the modification time. Returns the file's stat. */
  write(bytes: Uint8Array, sha256: string, mtimeMs: number): Promise<Stats>;
  /** Removes files of dead processes. Returns the number of removed files. Call it before the first `create` and then regularly. */
  clearLeftovers(nowMs: number): Promise<number>;
};

/** Creates temporary files in the store's directory. Files of other machines are removed after `staleMs` without a write. */
export function createTempFiles(layout: Layout, staleMs: number): TempFiles {
  const self: Writer = { hostname: hostname(), pid: process.pid };
  let made = 0;
  const nextPath = () => {
    made += 1;
    return join(layout.tempDir, tempName(self, made));
  };
  return {
    create: () => createTempFile(layout, nextPath()),
    write: (bytes, sha256, mtimeMs) => writeSmallFile(layout, nextPath(), bytes, { sha256, mtimeMs }),
    async clearLeftovers(nowMs) {
      // Once this process has created files, a file with its pid may be its own.
      const reader = made === 0 ? self : { ...self, pid: 0 };
      let cleared = 0;
      for (const name of await listNames(layout.tempDir)) {
        const path = join(layout.tempDir, name);
        const found = await orMissing(stat(path));
        if (found === undefined) continue;
        if (!isLeftover(name, nowMs - found.mtimeMs, staleMs, reader, isAlive)) continue;
        await rm(path, { force: true });
        cleared += 1;
      }
      return cleared;
    },
  };
}

async function createTempFile(layout: Layout, path: string): Promise<TempFile> {
  const handle = await open(path, "wx", 0o640);
  let closed = false;
  let committed = false;
  const close = async () => {
    if (closed) return;
    closed = true;
    await handle.close();
  };
  return {
    async write(chunk) {
      for (let offset = 0; offset < chunk.byteLength; ) {
        const { bytesWritten } = await handle.write(chunk, offset, chunk.byteLength - offset);
        offset += bytesWritten;
      }
    },
    async commit(sha256, mtimeMs) {
      const makeDurable = layout.prepare(sha256);
      const seconds = mtimeMs / 1000;
      await handle.utimes(seconds, seconds);
      await handle.sync();
      await close();
      await rename(path, layout.blobPath(sha256));
      committed = true;
      // Read after the rename, which sets the change time.
      const file = await stat(layout.blobPath(sha256));
      await makeDurable();
      return file;
    },
    async discard() {
      try {
        await close();
      } finally {
        if (!committed) await rm(path, { force: true });
      }
    },
  };
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "EPERM";
  }
}
