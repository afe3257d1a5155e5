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
  options: Pick<FileStoreOptions, "sweepVisits" | "sweepRestMs" | "fullRestMs" | "monotonicMs">,
  remove: RemoveBlob,
  counts: Counts,
): { readonly sweeper: Sweeper; readonly evictor: Evictor } {
  const evict: RemoveBlob = async (sha256, mayEvict) => {
    const evicted = await remove(sha256, mayEvict);
    if (evicted !== undefined) counts.evicted(evicted.kind);
    return evicted;
  };
  const isHeld = (blob: StoredBlob) => holds.isHeld(blob.sha256, unixMs());
  const mayExpire = (blob: StoredBlob) => !isHeld(blob) && isExpired(blob, unixMs(), lifetime);
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
    rankOf: (blob) => (isHeld(blob) ? undefined : evictionRank(blob, unixMs(), lifetime)),
    remove: evict,
    monotonicMs: options.monotonicMs,
  });
  return { sweeper, evictor };
}
