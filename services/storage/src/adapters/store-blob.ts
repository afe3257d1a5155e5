import { AppError, expected } from "@pixelmesh/errors";
import { toMtimeMs } from "../domain/blob-kind.ts";
import type { PutOptions, PutResult } from "../domain/blob-store.ts";
import { firstKeepUntil } from "../domain/lifetime.ts";
import type { SpaceAllocation } from "./capacity.ts";
import { extendBlob, type LifetimeParts } from "./extend-blob.ts";
import type { Integrity } from "./integrity.ts";
import type { KeyedLock } from "./keyed-lock.ts";
import { type ReceivedUpload, receiveUpload } from "./receive-upload.ts";
import { readStat, type StoredBlob } from "./stored-blobs.ts";
import type { TempFile, TempFiles } from "./temp-file.ts";

/** Parts of a store that a put uses. */
export type StoreParts = {
  readonly lifetimeParts: LifetimeParts;
  readonly maxBlobBytes: number;
  readonly temps: TempFiles;
  readonly locks: KeyedLock;
  readonly integrity: Integrity;
};

/** Smaller announced uploads stay in memory until their digest is known, so that bytes that exist already need no file. */
const smallBytes = 64 * 1024;

/**
 * Stores one upload. The bytes go to a temporary file while they are hashed; under the digest's lock that file becomes the blob, unless an
 * intact blob exists already, which is extended instead. Bytes announced with the digest of an existing blob are hashed but not written;
 * small announced uploads are written only if their blob does not exist.
 */
export async function storeBlob(
  parts: StoreParts,
  chunks: AsyncIterable<Uint8Array>,
  put: PutOptions,
  signal?: AbortSignal,
): Promise<PutResult> {
  const { maxBlobBytes, lifetimeParts, temps, locks } = parts;
  const allocation = lifetimeParts.capacity.allocate(put.jobId);
  if (put.sizeBytes !== undefined && put.sizeBytes > maxBlobBytes) {
    throw expected("header.size_bytes", `at most ${maxBlobBytes}`, put.sizeBytes);
  }
  const known = put.sha256 === undefined ? undefined : await extendAnnounced(parts, put.sha256, put, signal);
  if (known === undefined && put.sizeBytes !== undefined && put.sizeBytes <= smallBytes)
    return await storeSmall(parts, chunks, put, allocation, signal);
  const temp = known === undefined ? await temps.create() : undefined;
  try {
    const received = await receiveUpload(chunks, put, temp, { allocation, maxBlobBytes }, signal);
    return await locks.run(received.sha256, () => commitOrReuse(parts, received, put, temp, allocation, signal));
  } finally {
    allocation.release();
    await temp?.discard();
  }
}

async function storeSmall(
  parts: StoreParts,
  chunks: AsyncIterable<Uint8Array>,
  put: PutOptions,
  allocation: SpaceAllocation,
  signal: AbortSignal | undefined,
): Promise<PutResult> {
  const { maxBlobBytes, temps, locks } = parts;
  const buffered: Uint8Array[] = [];
  let temp: TempFile | undefined;
  const sink = { write: async (chunk: Uint8Array) => void buffered.push(chunk) };
  try {
    const received = await receiveUpload(chunks, put, sink, { allocation, maxBlobBytes }, signal);
    return await locks.run(received.sha256, async () => {
      const existing = await reuseExisting(parts, received, put, signal);
      if (existing !== undefined) return existing;
      const file = await temps.create();
      temp = file;
      for (const chunk of buffered) await file.write(chunk);
      return await commit(parts, received, put, file, allocation);
    });
  } finally {
    allocation.release();
    await temp?.discard();
  }
}

async function commitOrReuse(
  parts: StoreParts,
  received: ReceivedUpload,
  put: PutOptions,
  temp: TempFile | undefined,
  allocation: SpaceAllocation,
  signal: AbortSignal | undefined,
): Promise<PutResult> {
  const existing = await reuseExisting(parts, received, put, signal);
  if (existing !== undefined) return existing;
  if (temp === undefined)
    throw new AppError("INTERNAL", `Blob ${received.sha256} was lost while it was put again; repeat the put`);
  return await commit(parts, received, put, temp, allocation);
}

/** Extends and returns the existing blob; quarantines a corrupt one and returns undefined. */
async function reuseExisting(
  { lifetimeParts, integrity }: StoreParts,
  { sha256, sizeBytes }: ReceivedUpload,
  put: PutOptions,
  signal: AbortSignal | undefined,
): Promise<PutResult | undefined> {
  const existing = await readStat(lifetimeParts.layout.blobPath(sha256), sha256);
  if (existing === undefined) return undefined;
  if (existing.sizeBytes !== sizeBytes) {
    await integrity.quarantineBlob(existing);
    return undefined;
  }
  if (!(await integrity.isIntact(existing, signal))) return undefined;
  const { keepUntilMs, kind } = await extendForPut(lifetimeParts, existing, put);
  return { sha256, sizeBytes, keepUntilMs, kind, existed: true };
}

async function commit(
  { lifetimeParts }: StoreParts,
  { sha256, sizeBytes }: ReceivedUpload,
  put: PutOptions,
  temp: TempFile,
  allocation: SpaceAllocation,
): Promise<PutResult> {
  const { lifetime, unixMs, verified, holds } = lifetimeParts;
  const { kind = "output", jobId = "" } = put;
  const keepUntilMs = firstKeepUntil(put.keepUntilMs, unixMs(), lifetime, kind);
  const file = await temp.commit(sha256, toMtimeMs({ keepUntilMs, kind }));
  allocation.commit(kind);
  verified.add(sha256, file);
  if (kind !== "output" && jobId !== "") holds.add(sha256, jobId, keepUntilMs, 0);
  return { sha256, sizeBytes, keepUntilMs, kind, existed: false };
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

/** Extends a blob as a put of new bytes would set its lifetime. The new lifetime of an output is on disk when this resolves. */
function extendForPut(parts: LifetimeParts, blob: StoredBlob, put: PutOptions): Promise<StoredBlob> {
  const { kind = "output" } = put;
  const keepUntilMs = firstKeepUntil(put.keepUntilMs, parts.unixMs(), parts.lifetime, kind);
  return extendBlob(parts, blob, keepUntilMs, put, kind === "output");
}
