import type { Metrics } from "@pixelmesh/telemetry";
import type { TierName, TierStats } from "../../domain/blob-store.ts";

/** Counts of the tiers since the start, for GetStats and as metrics. */
export type TierCounts = {
  /** A tier served a read; its first byte was ready `tookMs` after the call. */
  hit(tier: TierName, tookMs: number): void;
  /** A tier could not serve a read. */
  miss(tier: TierName): void;
  promoted(tier: "hot" | "warm"): void;
  evicted(tier: TierName, idleMs: number): void;
  corrupt(tier: TierName): void;
  /** A call of the shared store failed. */
  failed(reason: "full" | "unavailable"): void;
  /** Returns the counts of a tier with its size. */
  read(tier: TierName, size: TierSize): TierStats;
};

/** Current size of a tier. */
export type TierSize = Pick<TierStats, "blobs" | "sizeBytes" | "capacityBytes">;

/** Creates counts at zero. */
export function createTierCounts(metrics: Metrics): TierCounts {
  const zero = () => ({
    hits: 0,
    misses: 0,
    promotions: 0,
    evicted: 0,
    corrupt: 0,
    retrievalSeconds: 0,
    evictedAgeSeconds: 0,
  });
  const byTier = { hot: zero(), warm: zero(), cold: zero() };
  const countRead = metrics.countBy("pixelmesh_storage_tier_reads_total", (key: `${TierName} ${"hit" | "miss"}`) => {
    const [tier, result] = key.split(" ") as [TierName, "hit" | "miss"];
    return { tier, result };
  });
  const observeRetrieval = metrics.observeBy("pixelmesh_storage_retrieval_seconds", (tier: TierName) => ({ tier }));

  return {
    hit(tier, tookMs) {
      byTier[tier].hits += 1;
      byTier[tier].retrievalSeconds += tookMs / 1000;
      countRead(`${tier} hit`);
      observeRetrieval(tier, tookMs / 1000);
    },
    miss(tier) {
      byTier[tier].misses += 1;
      countRead(`${tier} miss`);
    },
    promoted(tier) {
      byTier[tier].promotions += 1;
      metrics.count("pixelmesh_storage_promotions_total", { tier });
    },
    evicted(tier, idleMs) {
      byTier[tier].evicted += 1;
      byTier[tier].evictedAgeSeconds += idleMs / 1000;
      metrics.observe("pixelmesh_storage_evicted_age_seconds", { tier }, idleMs / 1000);
    },
    corrupt(tier) {
      byTier[tier].corrupt += 1;
      metrics.count("pixelmesh_storage_corrupt_total", { tier });
    },
    failed: (reason) => metrics.count("pixelmesh_storage_cold_failures_total", { reason }),
    read: (tier, size) => ({ tier, ...size, ...byTier[tier] }),
  };
}

/** Exports the sizes of the tiers. */
export function exportTierSizes(metrics: Metrics, tiers: readonly TierStats[]): void {
  for (const { tier, blobs, sizeBytes } of tiers) {
    metrics.set("pixelmesh_storage_tier_blobs", { tier }, blobs);
    metrics.set("pixelmesh_storage_tier_bytes", { tier }, sizeBytes);
  }
}
