import { AppError, expected } from "@pixelmesh/errors";
import { maxSmallBlobBytes } from "@pixelmesh/rpc";
import type { PutOptions, PutResult } from "../domain/blob-store.ts";
import { wrongSize } from "./blob-errors.ts";
import type { SpaceAllocation } from "./capacity.ts";
import { commitBlob, extendForPut, reuseBlob, type StoreParts } from "./commit-blob.ts";
import { type ReceivedUpload, receiveUpload } from "./receive-upload.ts";
import { storeBytes } from "./store-bytes.ts";
import { readStat, type StoredBlob } from "./stored-blobs.ts";
import type { TempFile } from "./temp-file.ts";

/**
 * Stores one upload. The bytes go to a temporary file while they are hashed; under the digest's lock that file becomes the blob, unless an
 * intact blob exists already, which is extended instead. Bytes announced with the digest of an existing blob are hashed but not written;
 * small announced uploads are collected in memory first.
 */
export async function storeBlob(
  parts: StoreParts,
  chunks: AsyncIterable<Uint8Array>,
  put: PutOptions,
  signal?: AbortSignal,
): Promise<PutResult> {
  const { maxBlobBytes, lifetimeParts, temps, locks } = parts;
  if (put.sizeBytes !== undefined && put.sizeBytes > maxBlobBytes) {
    throw expected("header.size_bytes", `at most ${maxBlobBytes}`, put.sizeBytes);
  }
  if (put.sizeBytes !== undefined && put.sizeBytes <= maxSmallBlobBytes)
    return await storeBytes(parts, await collectSmall(chunks, put, put.sizeBytes, signal), put);
  const allocation = lifetimeParts.capacity.allocate(put.jobId);
  const known = put.sha256 === undefined ? undefined : await extendAnnounced(parts, put.sha256, put, signal);
  const temp = known === undefined ? await temps.create() : undefined;
  try {
    const received = await receiveUpload(chunks, put, temp, { allocation, maxBlobBytes }, signal);
    put.onDigest?.(received.sha256);
    return await locks.run(received.sha256, () => commitOrReuse(parts, received, put, temp, allocation, signal));
  } finally {
    allocation.release();
    await temp?.discard();
  }
}

/** Returns the bytes of an announced upload. Throws INVALID_ARGUMENT if they are not `sizeBytes`. */
async function collectSmall(
  chunks: AsyncIterable<Uint8Array>,
  put: PutOptions,
  sizeBytes: number,
  signal: AbortSignal | undefined,
): Promise<Uint8Array> {
  const bytes = Buffer.allocUnsafe(sizeBytes);
  let at = 0;
  for await (const chunk of chunks) {
    signal?.throwIfAborted();
    if (at + chunk.byteLength > sizeBytes) throw wrongSize(put, sizeBytes, at + chunk.byteLength);
    bytes.set(chunk, at);
    at += chunk.byteLength;
  }
  signal?.throwIfAborted();
  if (at !== sizeBytes) throw wrongSize(put, sizeBytes, at);
  return bytes;
}

async function commitOrReuse(
  parts: StoreParts,
  received: ReceivedUpload,
  put: PutOptions,
  temp: TempFile | undefined,
  allocation: SpaceAllocation,
  signal: AbortSignal | undefined,
): Promise<PutResult> {
  const existing = await reuseBlob(parts, received, put, signal);
  if (existing !== undefined) return existing;
  if (temp === undefined)
    throw new AppError("INTERNAL", `Blob ${received.sha256} was lost while it was put again; repeat the put`);
  return await commitBlob(parts, received, put, allocation, (mtimeMs) => temp.commit(received.sha256, mtimeMs));
}

/** Extends the blob with the announced digest; undefined if there is no intact one of the announced size. */
async function extendAnnounced(
  { lifetimeParts, locks, integrity }: StoreParts,
  sha256: string,
  put: PutOptions,
  signal: AbortSignal | undefined,
): Promise<StoredBlob | undefined> {
  return await locks.run(sha256, async () => {
    const existing = await readStat(lifetimeParts.layout.blobPath(sha256), sha256);
    if (existing === undefined) return undefined;
    if (put.sizeBytes !== undefined && put.sizeBytes !== existing.sizeBytes) return undefined;
    if (!(await integrity.isIntact(existing, signal))) return undefined;
    return await extendForPut(lifetimeParts, existing, put);
  });
}
