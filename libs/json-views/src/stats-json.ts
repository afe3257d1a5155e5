import { reasonFromEnum } from "@pixelmesh/errors";
import type { JobServiceGetStatsResponse, LatencyStats } from "@pixelmesh/proto";

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
      stats.operations.map(({ operation, requests, latency, savedMs }) => [
        operation,
        { ...requests, savedMs, latency: toLatencyJson(latency) },
      ]),
    ),
    errors: Object.fromEntries(stats.errors.map(({ reason, count }) => [reasonFromEnum(reason), count])),
    cache: stats.cache ?? null,
    storage: stats.storage ?? null,
  };
}

function toLatencyJson(latency: LatencyStats | undefined) {
  if (!latency) return null;
  const { count, minMs, maxMs, avgMs, p50Ms, p95Ms, p99Ms } = latency;
  const short = (ms: number) => Math.round(ms * 10) / 10;
  return { count, minMs, maxMs, avgMs: short(avgMs), p50Ms: short(p50Ms), p95Ms: short(p95Ms), p99Ms: short(p99Ms) };
}
