import type { FoundBlob, StatOptions } from "../domain/blob-store.ts";
import { blobNotFound, corruptBlob } from "./blob-errors.ts";
import { extendBlob, isUseRecent, type LifetimeParts } from "./extend-blob.ts";
import type { Integrity } from "./integrity.ts";
import type { KeyedLock } from "./keyed-lock.ts";
import { readStat, type StoredBlob } from "./stored-blobs.ts";

/** Extends a blob to at least `wantedMs` (0: not), verifies it on request, and returns it. */
export function statBlob(
  parts: LifetimeParts,
  locks: KeyedLock,
  integrity: Integrity,
  { sha256, wantedMs }: { readonly sha256: string; readonly wantedMs: number },
  { verify = false, ...use }: StatOptions = {},
): Promise<FoundBlob> {
  return locks.run(sha256, async () => {
    const blob = await readStat(parts.layout.blobPath(sha256), sha256);
    if (blob === undefined) throw await blobNotFound(parts.layout, sha256);
    if (verify && !(await integrity.isIntact(blob))) throw corruptBlob(sha256);
    const { sizeBytes, kind, keepUntilMs, savedMs } = await extendBlob(parts, blob, wantedMs, use, false);
    return { sha256, sizeBytes, kind, keepUntilMs, savedMs, tier: "directory" };
  });
}

/** Records a use of a blob, unless its last recorded use is recent. */
export async function recordUse(parts: LifetimeParts, locks: KeyedLock, used: StoredBlob): Promise<void> {
  if (isUseRecent(parts, used)) return;
  const { sha256 } = used;
  await locks.run(sha256, async () => {
    const blob = await readStat(parts.layout.blobPath(sha256), sha256);
    if (blob) await extendBlob(parts, blob, 0, {}, false);
  });
}
