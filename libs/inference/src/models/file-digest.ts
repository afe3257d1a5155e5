import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { stat } from "node:fs/promises";
import { pipeline } from "node:stream/promises";
import { LRUCache } from "lru-cache";

/** Size and sha256 (64 lower-case hex digits) of a file. */
export type FileDigest = { readonly sizeBytes: number; readonly sha256: string };

const known = new LRUCache<string, string>({ max: 512 });

/**
 * Returns the size and digest of a file, or null if there is no such regular file. A file is read again only after its size or
 * modification time has changed.
 */
export async function readFileDigest(path: string): Promise<FileDigest | null> {
  const facts = await stat(path).catch(() => null);
  if (facts === null || !facts.isFile()) return null;
  const key = `${path}\0${facts.size}\0${facts.mtimeMs}`;
  const cached = known.get(key);
  if (cached !== undefined) return { sizeBytes: facts.size, sha256: cached };
  const hash = createHash("sha256");
  await pipeline(createReadStream(path, { highWaterMark: 1 << 20 }), hash);
  const sha256 = hash.digest("hex");
  known.set(key, sha256);
  return { sizeBytes: facts.size, sha256 };
}
