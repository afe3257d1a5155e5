import type { KeepValue } from "../domain/keep-value/keep-value.ts";
import { evictionRank, isExpired } from "../domain/lifetime.ts";
import type { RemoveBlob } from "./blob-remover.ts";
import type { Counts } from "./counts.ts";
import { createEvictor, type Evictor } from "./evictor.ts";
import type { LifetimeParts } from "./extend-blob.ts";
import type { FileStoreOptions } from "./file-store-options.ts";
import type { StoredBlob } from "./stored-blobs.ts";
import { createSweeper, type Sweeper } from "./sweeper.ts";

/** Creates the sweeper, which removes expired blobs, and the evictor, which removes blobs when space is short. */
export function createReclaim(
  { layout, lifetime, holds, unixMs }: Pick<LifetimeParts, "layout" | "lifetime" | "holds" | "unixMs">,
  options: Pick<FileStoreOptions, "sweepVisits" | "sweepRestMs" | "fullRestMs" | "monotonicMs" | "cache">,
  remove: RemoveBlob,
  counts: Counts,
  values: KeepValue,
): { readonly sweeper: Sweeper; readonly evictor: Evictor } {
  const { cache } = options;
  const evict: RemoveBlob = async (sha256, mayEvict) => {
    const evicted = await remove(sha256, mayEvict);
    if (evicted === undefined) return undefined;
    counts.evicted(evicted.kind, unixMs() - evicted.usedMs);
    values.evicted(sha256);
    cache?.onEvicted(sha256, evicted.sizeBytes, unixMs() - evicted.usedMs);
    return evicted;
  };
  const isHeld = (blob: StoredBlob) => holds.isHeld(blob.sha256, unixMs());
  const mayExpire = (blob: StoredBlob) =>
    cache
      ? !cache.isPinned(blob.sha256) && blob.usedMs + cache.restMs < unixMs()
      : !isHeld(blob) && isExpired(blob, unixMs(), lifetime);
  const rankOf = (blob: StoredBlob) => {
    if (cache) return cache.isPinned(blob.sha256) ? undefined : 0;
    return isHeld(blob) ? undefined : evictionRank(blob, unixMs(), lifetime);
  };
  const sweeper = createSweeper({
    blobsDir: layout.blobsDir,
    maxVisits: options.sweepVisits,
    restMs: options.sweepRestMs,
    monotonicMs: options.monotonicMs,
    isExpired: mayExpire,
    remove: ({ sha256 }) => evict(sha256, mayExpire),
  });
  const evictor = createEvictor({
    blobsDir: layout.blobsDir,
    restMs: options.fullRestMs,
    rankOf,
    // Inputs and frames that no job needs go by their last use.
    valueOf: ({ sha256, sizeBytes, kind, savedMs }) =>
      cache || kind === "output" ? values.valueOf(sha256, sizeBytes, savedMs) : 0,
    remove: evict,
    monotonicMs: options.monotonicMs,
  });
  return { sweeper, evictor };
}
