import type { Stats } from "node:fs";
import { stat } from "node:fs/promises";
import { join } from "node:path";
import { fromMtimeMs } from "../domain/blob-kind.ts";
import type { BlobStat } from "../domain/blob-store.ts";
import { isDigest } from "../domain/digest.ts";
import { orMissing } from "./fs-errors.ts";
import { listNames } from "./layout.ts";

/** The number of first-level directories, `00` to `ff`; each is a shard. */
export const shardCount = 256;

/** A blob with its file's properties: the modification time holds lifetime, kind and saved time, the change time is the last use. */
export type StoredBlob = BlobStat & { readonly usedMs: number; readonly savedMs: number; readonly file: Stats };

/** Returns the blob of a file's stat. */
export function toStoredBlob(sha256: string, file: Stats): StoredBlob {
  return { sha256, sizeBytes: file.size, usedMs: file.ctimeMs, file, ...fromMtimeMs(file.mtimeMs) };
}

/** Returns the blob at a path; undefined if there is none. */
export async function readStat(path: string, sha256: string): Promise<StoredBlob | undefined> {
  const found = await orMissing(stat(path));
  return found && toStoredBlob(sha256, found);
}

/** Returns all blobs of the n-th first-level directory. Other files are ignored. */
export async function listShard(blobsDir: string, n: number): Promise<StoredBlob[]> {
  const outer = join(blobsDir, n.toString(16).padStart(2, "0"));
  const inners = await Promise.all((await listNames(outer)).map((name) => listInner(join(outer, name))));
  return inners.flat();
}

async function listInner(directory: string): Promise<StoredBlob[]> {
  const found: StoredBlob[] = [];
  for (const name of await listNames(directory)) {
    if (!isDigest(name)) continue;
    const blob = await readStat(join(directory, name), name);
    if (blob !== undefined) found.push(blob);
  }
  return found;
}
