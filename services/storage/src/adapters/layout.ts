import { closeSync, fsync, mkdirSync, openSync } from "node:fs";
import { mkdir, readdir } from "node:fs/promises";
import { dirname, join } from "node:path";
import { promisify } from "node:util";
import { orMissing } from "./fs-errors.ts";

/** The directories of a store. */
export type Layout = {
  readonly blobsDir: string;
  readonly tempDir: string;
  readonly quarantineDir: string;
  /** Returns `blobs/ab/cd/<sha256>`. */
  blobPath(sha256: string): string;
  /** Creates directories of a store that are missing. Returns whether one was. */
  restore(): Promise<boolean>;
  /** Creates the blob's directories. Returns a function that makes their entries durable; call it once the blob is renamed. */
  prepare(sha256: string): () => Promise<void>;
};

const syncFile = promisify(fsync);

/** Creates the directories of a store. */
export async function createLayout(directory: string): Promise<Layout> {
  const blobsDir = join(directory, "blobs");
  const tempDir = join(directory, "tmp");
  const quarantineDir = join(directory, "quarantine");
  for (const path of [blobsDir, tempDir, quarantineDir]) await mkdir(path, { recursive: true });
  await syncDirectory(directory);

  // Directories whose own entry is on disk. They are never removed; there are at most 65,792.
  const durable = new Set<string>();
  const blobPath = (sha256: string) => join(blobsDir, sha256.slice(0, 2), sha256.slice(2, 4), sha256);

  return {
    blobsDir,
    tempDir,
    quarantineDir,
    blobPath,
    async restore() {
      let isRestored = false;
      for (const path of [blobsDir, tempDir, quarantineDir])
        if ((await mkdir(path, { recursive: true })) !== undefined) isRestored = true;
      if (isRestored) durable.clear();
      return isRestored;
    },
    prepare(sha256) {
      const inner = dirname(blobPath(sha256));
      const outer = dirname(inner);
      const fresh = [inner, outer].filter((path) => !durable.has(path));
      if (fresh.length > 0) mkdirSync(inner, { recursive: true });
      return async () => {
        // Concurrent, so that one commit of the journal covers them.
        await Promise.all([inner, ...fresh.map((path) => dirname(path))].map(syncDirectory));
        for (const path of fresh) durable.add(path);
      };
    },
  };
}

/** Makes the entries of a directory durable. */
export async function syncDirectory(path: string): Promise<void> {
  const directory = openSync(path, "r");
  try {
    await syncFile(directory);
  } finally {
    closeSync(directory);
  }
}

/** Returns the names in a directory; none if it does not exist. */
export async function listNames(path: string): Promise<string[]> {
  return (await orMissing(readdir(path))) ?? [];
}
