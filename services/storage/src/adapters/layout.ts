import { mkdir, open, readdir } from "node:fs/promises";
import { dirname, join } from "node:path";
import { orMissing } from "./fs-errors.ts";

/** Where things lie under the store's directory. */
export type Layout = {
  readonly blobsDir: string;
  readonly tempDir: string;
  readonly quarantineDir: string;
  /** `blobs/ab/cd/<sha256>`. */
  blobPath(sha256: string): string;
  /** Makes the blob's directories; the answer makes their entries durable, to be called once the blob is in place. */
  prepare(sha256: string): Promise<() => Promise<void>>;
};

/** Makes the directories of a store. */
export async function createLayout(directory: string): Promise<Layout> {
  const [blobsDir, tempDir, quarantineDir] = ["blobs", "tmp", "quarantine"].map((name) => join(directory, name)) as [
    string,
    string,
    string,
  ];
  for (const path of [blobsDir, tempDir, quarantineDir]) await mkdir(path, { recursive: true });
  await syncDirectory(directory);

  // Directories whose own entry is known to be on disk: they are never removed, so at most 65,792 names.
  const durable = new Set<string>();
  const blobPath = (sha256: string) => join(blobsDir, sha256.slice(0, 2), sha256.slice(2, 4), sha256);

  return {
    blobsDir,
    tempDir,
    quarantineDir,
    blobPath,
    async prepare(sha256) {
      const inner = dirname(blobPath(sha256));
      const outer = dirname(inner);
      const fresh = [inner, outer].filter((path) => !durable.has(path));
      if (fresh.length > 0) await mkdir(inner, { recursive: true });
      return async () => {
        // Together, so that one commit of the journal covers them.
        await Promise.all([inner, ...fresh.map((path) => dirname(path))].map(syncDirectory));
        for (const path of fresh) durable.add(path);
      };
    },
  };
}

/** Puts a directory's entries on disk. */
export async function syncDirectory(path: string): Promise<void> {
  const handle = await open(path, "r");
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/** The names in a directory; none where it does not exist. */
export async function listNames(path: string): Promise<string[]> {
  return (await orMissing(readdir(path))) ?? [];
}
