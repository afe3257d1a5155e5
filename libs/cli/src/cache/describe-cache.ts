import type { JobServiceGetStatsResponse } from "@pixelmesh/client";
import { toShortSize, toTable } from "../format/text.ts";

/** What `cache --json` prints. Part of the command's contract. */
export function toCacheJson({ hitRate, cache, storage }: JobServiceGetStatsResponse) {
  return {
    hitRate,
    results: { entries: cache?.resultEntries ?? 0, bytes: cache?.resultBytes ?? 0 },
    blobs: { count: storage?.blobs ?? 0, bytes: storage?.sizeBytes ?? 0, capacityBytes: storage?.capacityBytes ?? 0 },
    tiers: (storage?.tiers ?? []).map((it) => ({
      tier: it.tier,
      blobs: it.blobs,
      bytes: it.sizeBytes,
      capacityBytes: it.capacityBytes,
      hits: it.hitsTotal,
      misses: it.missesTotal,
      promotions: it.promotionsTotal,
      evicted: it.evictedTotal,
    })),
  };
}

/** Formats sizes, tiers and hit rates in short. The tiers are those of the storage replica that answered. */
export function describeCache(stats: JobServiceGetStatsResponse): string {
  const { hitRate, results, blobs, tiers } = toCacheJson(stats);
  const facts = [
    ["steps from earlier results", toPercent(hitRate)],
    ["results known", `${results.entries}, ${toShortSize(results.bytes)}`],
    ["blobs on disk", `${blobs.count}, ${toSizes(blobs.bytes, blobs.capacityBytes)}`],
  ];
  if (tiers.length === 0) return toTable(facts);
  const head = ["TIER", "BLOBS", "SIZE", "HIT RATE", "READS", "PROMOTED", "EVICTED"];
  const rows = tiers.map(({ tier, hits, misses, promotions, evicted, ...size }) => [
    tier,
    String(size.blobs),
    toSizes(size.bytes, size.capacityBytes),
    hits + misses > 0 ? toPercent(hits / (hits + misses)) : "-",
    String(hits + misses),
    String(promotions),
    String(evicted),
  ]);
  return `${toTable(facts)}\n${toTable([head, ...rows])}`;
}

function toSizes(bytes: number, capacityBytes: number): string {
  return capacityBytes > 0 ? `${toShortSize(bytes)} of ${toShortSize(capacityBytes)}` : toShortSize(bytes);
}

function toPercent(part: number): string {
  return `${(part * 100).toFixed(1)} %`;
}
