import { type Stats, statSync } from "node:fs";
import { toMtimeMs } from "../domain/blob-kind.ts";
import type { PutOptions, PutResult } from "../domain/blob-store.ts";
import { firstKeepUntil } from "../domain/lifetime.ts";
import type { SpaceAllocation } from "./capacity.ts";
import { extendBlob, type LifetimeParts } from "./extend-blob.ts";
import type { Integrity } from "./integrity.ts";
import type { KeyedLock } from "./keyed-lock.ts";
import type { ReceivedUpload } from "./receive-upload.ts";
import { type StoredBlob, toStoredBlob } from "./stored-blobs.ts";
import type { TempFiles } from "./temp-file.ts";

/** Parts of a store that a put uses. */
export type StoreParts = {
  readonly lifetimeParts: LifetimeParts;
  readonly maxBlobBytes: number;
  readonly temps: TempFiles;
  readonly locks: KeyedLock;
  readonly integrity: Integrity;
};

/**
 * Extends and returns the stored blob of received bytes; quarantines a corrupt one and returns undefined. The caller holds the blob's lock.
 */
export async function reuseBlob(
  { lifetimeParts, integrity }: StoreParts,
  { sha256, sizeBytes }: ReceivedUpload,
  put: PutOptions,
  signal?: AbortSignal,
): Promise<PutResult | undefined> {
  // Not on another thread: the directory is needed for the blob in any case.
  const file = statSync(lifetimeParts.layout.blobPath(sha256), { throwIfNoEntry: false });
  if (file === undefined) return undefined;
  const existing = toStoredBlob(sha256, file);
  if (existing.sizeBytes !== sizeBytes) {
    await integrity.quarantineBlob(existing);
    return undefined;
  }
  if (!(await integrity.isIntact(existing, signal))) return undefined;
  const { keepUntilMs, kind, savedMs } = await extendForPut(lifetimeParts, existing, put);
  return { sha256, sizeBytes, keepUntilMs, kind, savedMs, existed: true };
}

/**
 * Makes received bytes a blob. `write` must store them under their digest with the given modification time, durably, and return the file's
 * stat. The caller holds the blob's lock.
 */
export async function commitBlob(
  { lifetimeParts }: StoreParts,
  { sha256, sizeBytes }: ReceivedUpload,
  put: PutOptions,
  allocation: SpaceAllocation,
  write: (mtimeMs: number) => Promise<Stats>,
): Promise<PutResult> {
  const { lifetime, unixMs, verified, holds } = lifetimeParts;
  const { kind = "output", jobId = "", savedMs = 0 } = put;
  const keepUntilMs = firstKeepUntil(put.keepUntilMs, unixMs(), lifetime, kind);
  const file = await write(toMtimeMs({ keepUntilMs, kind, savedMs }));
  allocation.commit(kind);
  verified.add(sha256, file);
  if (kind !== "output" && jobId !== "") holds.add(sha256, jobId, keepUntilMs, 0);
  return { sha256, sizeBytes, keepUntilMs, kind, savedMs, existed: false };
}

/** Extends a blob as a put of new bytes would set its lifetime. The new lifetime of an output is on disk when this resolves. */
export function extendForPut(parts: LifetimeParts, blob: StoredBlob, put: PutOptions): Promise<StoredBlob> {
  const { kind = "output" } = put;
  const keepUntilMs = firstKeepUntil(put.keepUntilMs, parts.unixMs(), parts.lifetime, kind);
  return extendBlob(parts, blob, keepUntilMs, put, kind === "output");
}
