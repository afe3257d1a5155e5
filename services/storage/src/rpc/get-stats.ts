import type { GetStatsResponse, TierStats as TierMessage } from "@pixelmesh/proto";
import type { BlobStore, TierStats } from "../domain/blob-store.ts";

/** GetStats: returns counts since the start and current sizes. */
export function createGetStats(store: BlobStore) {
  return async (): Promise<GetStatsResponse> => {
    const stats = store.stats();
    return {
      blobs: stats.blobs,
      sizeBytes: stats.sizeBytes,
      capacityBytes: stats.capacityBytes,
      putsTotal: stats.puts,
      putsDeduplicatedTotal: stats.putsDeduplicated,
      getsTotal: stats.gets,
      corruptTotal: stats.corrupt,
      evictedTotal: stats.evicted,
      reservedBytes: stats.reservedBytes,
      tiers: stats.tiers.map(toTierMessage),
      retrievalSecondsTotal: stats.retrievalSeconds,
      evictedAgeSecondsTotal: stats.evictedAgeSeconds,
    };
  };
}

function toTierMessage({ tier, blobs, sizeBytes, capacityBytes, ...counts }: TierStats): TierMessage {
  return {
    tier,
    blobs,
    sizeBytes,
    capacityBytes,
    hitsTotal: counts.hits,
    missesTotal: counts.misses,
    promotionsTotal: counts.promotions,
    evictedTotal: counts.evicted,
    corruptTotal: counts.corrupt,
    retrievalSecondsTotal: counts.retrievalSeconds,
    evictedAgeSecondsTotal: counts.evictedAgeSeconds,
  };
}
