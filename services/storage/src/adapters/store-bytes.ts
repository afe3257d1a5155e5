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
  put.onDigest?.(sha256);
  const received = { sha256, sizeBytes };

  const reuse = () => reuseBlob(parts, received, put);
  const existing = await locks.run(sha256, reuse);
  if (existing !== undefined) return existing;
  const allocation = lifetimeParts.capacity.allocate(put.jobId);
  try {
    // Without the lock: an eviction may take the lock of any digest, also of this one.
    await allocation.grow(sizeBytes);
    const write = (mtimeMs: number) => temps.write(bytes, sha256, mtimeMs);
    return await locks.run(sha256, async () => (await reuse()) ?? commitBlob(parts, received, put, allocation, write));
  } finally {
    allocation.release();
  }
}
