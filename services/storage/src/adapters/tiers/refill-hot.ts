import { setImmediate as nextTurn, setTimeout as sleep } from "node:timers/promises";
import type { BlobStore } from "../../domain/blob-store.ts";
import type { HotTier, HotUses } from "./hot-tier.ts";

/** Options of a refill. */
export type RefillOptions = {
  readonly hot: Pick<HotTier, "has" | "hasSpace">;
  readonly promote: BlobStore["promote"];
  /** The copies of the earlier process, the most valuable first. */
  readonly uses: readonly HotUses[];
  /** Whether callers read blobs now. */
  isBusy(): boolean;
  readonly signal: AbortSignal;
};

/** Bytes a second that a refill reads at most: alone, and while callers read. */
const bytesPerSecond = { alone: 128 * 1024 * 1024, beside: 32 * 1024 * 1024 };
/** Shorter pauses are added up: a timer takes as long. */
const leastPauseMs = 4;

/**
 * Copies the blobs that an earlier process had in memory back to it, the most valuable first, while there is space without an eviction. Reads at
 * most 128 MiB a second, 32 MiB while callers read. Never throws: a blob that is gone or cannot be read is left out. Returns the number of copies.
 */
export async function refillHot({ hot, promote, uses, isBusy, signal }: RefillOptions): Promise<number> {
  let copied = 0;
  let pauseMs = 0;
  for (const { sha256, sizeBytes } of uses) {
    if (signal.aborted) break;
    if (hot.has(sha256) || !hot.hasSpace(sizeBytes)) continue;
    try {
      const { tier } = await promote(sha256, signal);
      if (tier === "hot") copied += 1;
    } catch {
      // Removed, corrupt or out of reach: the next read of it says so.
    }
    const rate = isBusy() ? bytesPerSecond.beside : bytesPerSecond.alone;
    pauseMs += (sizeBytes / rate) * 1_000;
    if (pauseMs >= leastPauseMs) {
      await sleep(pauseMs, undefined, { signal }).catch(() => {});
      pauseMs = 0;
    } else await nextTurn();
  }
  return copied;
}
