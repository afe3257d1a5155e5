import { ResultCacheStats, type TierHits } from "@pixelmesh/proto";
import type { CacheRequest } from "./cache-outcome.ts";

/** Counts of requests to the result cache. */
export type CacheCounts = {
  record(request: CacheRequest): void;
  /** A result was found without one of its blobs, `ageMs` after it was stored. */
  recordLost(ageMs: number): void;
  read(): ResultCacheStats;
};

/** Creates counts at zero. */
export function createCacheCounts(): CacheCounts {
  const sums = {
    hits: 0,
    coalesced: 0,
    misses: 0,
    bypassed: 0,
    bytes: 0,
    savedMs: 0,
    retrievalMs: 0,
    lost: 0,
    lostAgeMs: 0,
  };
  const byTier = new Map<string, number>();
  const fieldOf = { hit: "hits", coalesced: "coalesced", miss: "misses", bypassed: "bypassed" } as const;
  return {
    record({ outcome, savedMs, bytes, retrievalMs, tier }) {
      sums[fieldOf[outcome]] += 1;
      sums.savedMs += savedMs;
      sums.bytes += bytes;
      sums.retrievalMs += retrievalMs;
      if (tier !== "") byTier.set(tier, (byTier.get(tier) ?? 0) + 1);
    },
    recordLost(ageMs) {
      sums.lost += 1;
      sums.lostAgeMs += Math.round(ageMs);
    },
    read: () => ({ ...sums, tiers: toTierHits(byTier) }),
  };
}

/** Adds counts of several replicas or operations. */
export function addCacheStats(given: readonly (ResultCacheStats | undefined)[]): ResultCacheStats {
  const all = given.filter((stats) => stats !== undefined);
  const sum = (field: Exclude<keyof ResultCacheStats, "tiers">) =>
    all.reduce((total, stats) => total + stats[field], 0);
  const byTier = new Map<string, number>();
  for (const { tier, hits } of all.flatMap(({ tiers }) => tiers)) byTier.set(tier, (byTier.get(tier) ?? 0) + hits);
  return {
    ...ResultCacheStats.create(),
    hits: sum("hits"),
    coalesced: sum("coalesced"),
    misses: sum("misses"),
    bypassed: sum("bypassed"),
    bytes: sum("bytes"),
    savedMs: sum("savedMs"),
    retrievalMs: sum("retrievalMs"),
    lost: sum("lost"),
    lostAgeMs: sum("lostAgeMs"),
    tiers: toTierHits(byTier),
  };
}

function toTierHits(byTier: ReadonlyMap<string, number>): TierHits[] {
  return [...byTier].map(([tier, hits]) => ({ tier, hits })).sort((a, b) => (a.tier < b.tier ? -1 : 1));
}
