import { type Stats, statSync, utimesSync } from "node:fs";
import { open } from "node:fs/promises";
import { strongerKind, toMtimeMs } from "../domain/blob-kind.ts";
import type { BlobUse } from "../domain/blob-store.ts";
import type { Holds } from "../domain/holds.ts";
import { endedKeepUntil, extendedKeepUntil, type LifetimeRules } from "../domain/lifetime.ts";
import { isNearSavedMs } from "../domain/saved-ms.ts";
import type { Capacity } from "./capacity.ts";
import type { Layout } from "./layout.ts";
import { type StoredBlob, toStoredBlob } from "./stored-blobs.ts";
import type { VerifiedFiles } from "./verified-files.ts";

/** Parts of a store that change the lifetime of a blob. The caller of each function here holds the blob's lock. */
export type LifetimeParts = {
  readonly layout: Layout;
  readonly lifetime: LifetimeRules;
  readonly holds: Holds;
  readonly capacity: Capacity;
  readonly verified: VerifiedFiles;
  readonly unixMs: () => number;
};

/** Shortest time between two writes of a blob's last use. */
const recordUseEveryMs = 60_000;

/**
 * Extends a blob's lifetime to at least `wantedMs`, changes its kind to the one that is evicted later, and records its use and what a use saves.
 * With `isDurable` it resolves once the change is on disk. A `wantedMs` of 0 extends nothing.
 */
export async function extendBlob(
  parts: LifetimeParts,
  blob: StoredBlob,
  wantedMs: number,
  { kind = "output", jobId = "", savedMs = 0 }: BlobUse,
  isDurable: boolean,
): Promise<StoredBlob> {
  const { holds, lifetime, capacity } = parts;
  if (kind !== "output" && jobId !== "" && wantedMs > 0) holds.add(blob.sha256, jobId, wantedMs, blob.keepUntilMs);
  else holds.pin(blob.sha256, wantedMs);
  const keepUntilMs = extendedKeepUntil(blob.keepUntilMs, wantedMs, lifetime);
  const newKind = wantedMs > 0 ? strongerKind(blob.kind, kind) : blob.kind;
  const isChanged = keepUntilMs !== blob.keepUntilMs || newKind !== blob.kind;
  const isSavedNear = isNearSavedMs(blob.savedMs, savedMs);
  if (!isChanged && isSavedNear && isUseRecent(parts, blob)) return blob;
  const fields = { keepUntilMs, kind: newKind, savedMs: isSavedNear ? blob.savedMs : savedMs };
  const extended = await setMtime(parts, blob, toMtimeMs(fields), isChanged && isDurable);
  if (newKind !== blob.kind) capacity.move(blob.kind, newKind, blob.sizeBytes);
  return extended;
}

/** Returns whether the last recorded use of a blob is too recent to be written again. */
export function isUseRecent({ unixMs }: Pick<LifetimeParts, "unixMs">, { usedMs }: StoredBlob): boolean {
  return unixMs() - usedMs < recordUseEveryMs;
}

/**
 * Ends the lifetime of an input or frame that a job has released, and returns the blob, which may be evicted now. Leaves the file unchanged
 * and returns undefined if others still need it until `untilMs`, so a blob in steady use is not written to.
 */
export async function endLifetime(
  parts: LifetimeParts,
  blob: StoredBlob,
  untilMs: number,
): Promise<StoredBlob | undefined> {
  if (blob.kind === "output") return undefined;
  const endMs = endedKeepUntil(parts.unixMs(), parts.lifetime);
  if (untilMs > endMs || endMs >= blob.keepUntilMs) return undefined;
  return setMtime(parts, blob, toMtimeMs({ ...blob, keepUntilMs: endMs }), false);
}

async function setMtime(
  { layout, verified }: Pick<LifetimeParts, "layout" | "verified">,
  blob: StoredBlob,
  mtimeMs: number,
  isDurable: boolean,
): Promise<StoredBlob> {
  const path = layout.blobPath(blob.sha256);
  const seconds = mtimeMs / 1000;
  let file: Stats;
  if (isDurable) {
    const handle = await open(path, "r");
    try {
      await handle.utimes(seconds, seconds);
      await handle.sync();
      file = await handle.stat();
    } finally {
      await handle.close();
    }
  } else {
    // Not on another thread: the caller has just read the file's properties, so both change or read memory of the kernel only.
    utimesSync(path, seconds, seconds);
    file = statSync(path);
  }
  verified.move(blob.sha256, blob.file, file);
  return toStoredBlob(blob.sha256, file);
}
