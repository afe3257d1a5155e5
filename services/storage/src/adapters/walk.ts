import type { Stats } from "node:fs";
import { stat } from "node:fs/promises";
import { join } from "node:path";
import { isDigest } from "../domain/digest.ts";
import { fromMarkMs } from "../domain/kind.ts";
import type { BlobStat } from "../domain/ports.ts";
import { orMissing } from "./fs-errors.ts";
import { listNames } from "./layout.ts";

/** How many first-level directories a store has: `00` to `ff`. */
export const shardCount = 256;

/** A blob as its file says it: its size, its life and kind in the modification time, its last use in the change time. */
export type StoredBlob = BlobStat & { readonly usedMs: number; readonly file: Stats };

/** The blob in a file, by the file's facts. */
export function toStoredBlob(sha256: string, file: Stats): StoredBlob {
  return { sha256, sizeBytes: file.size, usedMs: file.ctimeMs, file, ...fromMarkMs(file.mtimeMs) };
}

/** The blob at a path; undefined where there is none. */
export async function readStat(path: string, sha256: string): Promise<StoredBlob | undefined> {
  const found = await orMissing(stat(path));
  return found && toStoredBlob(sha256, found);
}

/** All blobs of the n-th first-level directory. Files that are no blobs are passed over. */
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
