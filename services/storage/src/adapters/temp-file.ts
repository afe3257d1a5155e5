import type { Stats } from "node:fs";
import { open, rename, rm, stat } from "node:fs/promises";
import { hostname } from "node:os";
import { join } from "node:path";
import { isLeftover, tempName, type Writer } from "../domain/leftovers.ts";
import { orMissing } from "./fs-errors.ts";
import { type Layout, listNames } from "./layout.ts";

/** A file on its way into the store. Exactly one of `commit` and `discard` has an effect. */
export type TempFile = {
  /** Appends. */
  write(chunk: Uint8Array): Promise<void>;
  /** Makes the bytes durable under their final name, with `markMs` as the file's modification time; answers the file. */
  commit(sha256: string, markMs: number): Promise<Stats>;
  /** Removes the file unless it was committed. */
  discard(): Promise<void>;
};

/** Makes temporary files and clears away those of processes that died. */
export type TempFiles = {
  create(): Promise<TempFile>;
  /** Removes files that were left behind; answers how many. Call it before the first `create`, then now and then. */
  clearLeftovers(nowMs: number): Promise<number>;
};

/** Temporary files beside the blobs, in the same file system. `staleMs` is how long a foreign one may lie idle. */
export function createTempFiles(layout: Layout, staleMs: number): TempFiles {
  const self: Writer = { hostname: hostname(), pid: process.pid };
  let made = 0;
  return {
    async create() {
      made += 1;
      return await createTempFile(layout, join(layout.tempDir, tempName(self, made)));
    },
    async clearLeftovers(nowMs) {
      // Once this process has files of its own, its own pid says nothing about a file's being left behind.
      const asker = made === 0 ? self : { ...self, pid: 0 };
      let cleared = 0;
      for (const name of await listNames(layout.tempDir)) {
        const path = join(layout.tempDir, name);
        const found = await orMissing(stat(path));
        if (found === undefined) continue;
        if (!isLeftover(name, nowMs - found.mtimeMs, staleMs, asker, isAlive)) continue;
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
    async commit(sha256, markMs) {
      const makeDurable = await layout.prepare(sha256);
      const seconds = markMs / 1000;
      await handle.utimes(seconds, seconds);
      await handle.sync();
      await close();
      await rename(path, layout.blobPath(sha256));
      committed = true;
      // Read after the renaming, which sets the change time.
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
