import { hash } from "node:crypto";
import type { PutOptions, PutResult } from "../domain/blob-store.ts";
import { digestMismatch, wrongSize } from "./blob-errors.ts";
import { commitBlob, reuseBlob, type StoreParts } from "./commit-blob.ts";

/**
 * Stores bytes that are in memory, such as those of one message. They are hashed once. Under the lock of their digest they are written, unless
 * an intact blob exists already, which is extended instead.
 */
export async function storeBytes(parts: StoreParts, bytes: Uint8Array, put: PutOptions): Promise<PutResult> {
  const { maxBlobBytes, lifetimeParts, temps, locks } = parts;
  const sizeBytes = bytes.byteLength;
  const isWrongSize = put.sizeBytes !== undefined && put.sizeBytes !== sizeBytes;
  if (isWrongSize || sizeBytes > maxBlobBytes) throw wrongSize(put, maxBlobBytes, sizeBytes);
  const sha256 = hash("sha256", bytes, "hex");
  if (put.sha256 !== undefined && put.sha256 !== sha256) throw digestMismatch(put.sha256, sha256);
  const received = { sha256, sizeBytes };

  return await locks.run(sha256, async () => {
    const existing = await reuseBlob(parts, received, put);
    if (existing !== undefined) return existing;
    const allocation = lifetimeParts.capacity.allocate(put.jobId);
    try {
      await allocation.grow(sizeBytes);
      return await commitBlob(parts, received, put, allocation, (mtimeMs) => temps.write(bytes, sha256, mtimeMs));
    } finally {
      allocation.release();
    }
  });
}
