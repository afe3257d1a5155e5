import { stat } from "node:fs/promises";
import { join } from "node:path";
import { isDigest } from "../domain/digest.ts";
import type { BlobStat } from "../domain/ports.ts";
import { orMissing } from "./fs-errors.ts";
import { listNames } from "./layout.ts";

/** How many first-level directories a store has: `00` to `ff`. */
export const shardCount = 256;

/** What a blob's file says: its size, and its life in the modification time. Undefined where there is none. */
export async function readStat(path: string, sha256: string): Promise<BlobStat | undefined> {
  const found = await orMissing(stat(path));
  if (found === undefined) return undefined;
  return { sha256, sizeBytes: found.size, keepUntilMs: Math.round(found.mtimeMs) };
}

/** All blobs of the n-th first-level directory. Files that are no blobs are passed over. */
export async function listShard(blobsDir: string, n: number): Promise<BlobStat[]> {
  const outer = join(blobsDir, n.toString(16).padStart(2, "0"));
  const inners = await Promise.all((await listNames(outer)).map((name) => listInner(join(outer, name))));
  return inners.flat();
}

async function listInner(directory: string): Promise<BlobStat[]> {
  const found: BlobStat[] = [];
  for (const name of await listNames(directory)) {
    if (!isDigest(name)) continue;
    const blob = await readStat(join(directory, name), name);
    if (blob !== undefined) found.push(blob);
  }
  return found;
}
