import { reasonFromEnum } from "@pixelmesh/errors";
import type {
  JobServiceGetStatsResponse,
  LatencyStats,
  RemoteCosts,
  ResultCacheStats,
  StorageStats,
} from "@pixelmesh/proto";

/** Converts statistics to JSON: words for reasons, no buckets, times in ms with one decimal. */
export function toStatsJson(stats: JobServiceGetStatsResponse) {
  return {
    uptimeMs: stats.uptimeMs,
    replicas: stats.replicas,
    missing: stats.missing,
    jobs: { ...stats.jobs, refused: stats.jobsRefused, latency: toLatencyJson(stats.jobLatency) },
    requests: stats.requests,
    hitRate: stats.hitRate,
    errorRate: stats.errorRate,
    operations: Object.fromEntries(
      stats.operations.map(({ operation, requests, latency, savedMs, cache }) => [
        operation,
        { ...requests, savedMs, latency: toLatencyJson(latency), cache: toResultCacheJson(cache) },
      ]),
    ),
    effects: Object.fromEntries(
      stats.effects.map(({ effect, requests, cache }) => [effect, { ...requests, cache: toResultCacheJson(cache) }]),
    ),
    resultCache: toResultCacheJson(stats.resultCache),
    features: Object.fromEntries(
      stats.features.map(({ feature, jobs, costMicros, savedMicros }) => [
        feature,
        { ...jobs, costMicros, savedMicros },
      ]),
    ),
    costs: stats.costs ? toCostsJson(stats.costs) : null,
    errors: Object.fromEntries(stats.errors.map(({ reason, count }) => [reasonFromEnum(reason), count])),
    cache: stats.cache ?? null,
    storage: stats.storage ? toStorageJson(stats.storage) : null,
  };
}

function toCostsJson({ currency, calls, costMicros, savedMicros }: RemoteCosts) {
  return { currency, calls, costMicros, savedMicros };
}

/** Means instead of sums; a mean of nothing is null. */
function toResultCacheJson(stats: ResultCacheStats | undefined) {
  if (!stats) return null;
  const { retrievalMs, lostAgeMs, tiers, ...counts } = stats;
  return {
    ...counts,
    meanRetrievalMs: toMean(retrievalMs, counts.hits),
    meanLostAgeMs: toMean(lostAgeMs, counts.lost),
    tiers: Object.fromEntries(tiers.map(({ tier, hits }) => [tier, hits])),
  };
}

function toStorageJson({ retrievalSecondsTotal, evictedAgeSecondsTotal, tiers, ...counts }: StorageStats) {
  return {
    ...counts,
    meanRetrievalMs: toMean(retrievalSecondsTotal * 1000, counts.getsTotal),
    meanEvictedAgeMs: toMean(evictedAgeSecondsTotal * 1000, counts.evictedTotal),
    tiers: tiers.map(({ retrievalSecondsTotal: retrieval, evictedAgeSecondsTotal: age, ...tier }) => ({
      ...tier,
      meanRetrievalMs: toMean(retrieval * 1000, tier.hitsTotal),
      meanEvictedAgeMs: toMean(age * 1000, tier.evictedTotal),
    })),
  };
}

const toMean = (sumMs: number, count: number) => (count === 0 ? null : toShortMs(sumMs / count));

function toLatencyJson(latency: LatencyStats | undefined) {
  if (!latency) return null;
  const { count, minMs, maxMs, avgMs, p50Ms, p95Ms, p99Ms } = latency;
  const short = toShortMs;
  return { count, minMs, maxMs, avgMs: short(avgMs), p50Ms: short(p50Ms), p95Ms: short(p95Ms), p99Ms: short(p99Ms) };
}

function toShortMs(ms: number): number {
  return Math.round(ms * 10) / 10;
}
