import { type JobServiceGetStatsResponse, reasonFromEnum } from "@pixelmesh/client";
import { toAmount } from "@pixelmesh/pipeline";
import type { LatencyStats, ResultCacheStats, Tally } from "@pixelmesh/proto";
import { toMoney } from "./describe-features.ts";
import { toRoughTime, toShortSize, toShortTime, toTable } from "./text.ts";

/** Formats statistics as tables. */
export function describeStats(stats: JobServiceGetStatsResponse): string {
  const { cache, storage } = stats;
  const operations = stats.operations.map((it) => [it.operation, ...toCells(it.requests), ...toTimes(it.latency)]);
  const facts = [
    ["up", `${toShortTime(stats.uptimeMs)}, ${stats.replicas.length} of ingest answered`],
    ["hit rate", toPercent(stats.hitRate)],
    ["error rate", toPercent(stats.errorRate)],
    ["refused", `${stats.jobsRefused} calls`],
    ...(stats.missing.length > 0 ? [["missing", stats.missing.join(" ")]] : []),
    ...(cache ? [["results", `${cache.resultEntries}, ${toShortSize(cache.resultBytes)}`]] : []),
    ...(cache ? [["models", `${cache.modelsLoaded} loaded, ${toShortSize(cache.modelBytes)}`]] : []),
    ...(storage ? [["storage", toStorageText(storage)]] : []),
  ];
  const head = ["", "TOTAL", "OK", "FAILED", "CANCELLED", "CACHED", "MIN", "AVG", "P50", "P95", "P99", "MAX"];
  return [
    toTable(facts),
    toTable([
      head,
      ["jobs", ...toCells(stats.jobs), ...toTimes(stats.jobLatency)],
      ["requests", ...toCells(stats.requests)],
      ...operations,
    ]),
    ...describeCache(stats),
    ...describeCosts(stats),
    stats.errors.length === 0
      ? "No errors.\n"
      : toTable([["ERROR", "COUNT"], ...stats.errors.map((it) => [reasonFromEnum(it.reason), String(it.count)])]),
  ].join("\n");
}

/** The features that jobs named, and what hosted models cost the caller's tenant; no tables for what has no counts. */
function describeCosts({ features, costs }: JobServiceGetStatsResponse): string[] {
  const currency = costs?.currency ?? "";
  const rows = features.map(({ feature, jobs, costMicros, savedMicros }) => [
    feature,
    ...toCells(jobs),
    toAmount(costMicros),
    toAmount(savedMicros),
  ]);
  const head = ["FEATURE", "TOTAL", "OK", "FAILED", "CANCELLED", "CACHED", "COST", "SAVED"];
  const own = costs && [
    ["calls of hosted models", String(costs.calls)],
    ["cost", toMoney(costs.costMicros, currency)],
    ["saved by cached results", toMoney(costs.savedMicros, currency)],
  ];
  return [...(rows.length > 0 ? [toTable([head, ...rows])] : []), ...(own ? [toTable(own)] : [])];
}

/** The result cache by operation and by effect, and the tiers of storage; no tables for what has no counts. */
function describeCache({ resultCache, operations, effects, storage }: JobServiceGetStatsResponse): string[] {
  const head = [
    "RESULT CACHE",
    "HITS",
    "COALESCED",
    "MISSES",
    "BYPASSED",
    "BYTES",
    "SAVED",
    "RETRIEVAL",
    "LOST",
    "FROM",
  ];
  const rows = [
    ["requests", resultCache] as const,
    ...operations.map(({ operation, cache }) => [operation, cache] as const),
    ...effects.map(({ effect, cache }) => [`  ${effect}`, cache] as const),
  ];
  const tiers = (storage?.tiers ?? []).map((tier) => [
    tier.tier,
    String(tier.blobs),
    toShortSize(tier.sizeBytes),
    String(tier.hitsTotal),
    String(tier.missesTotal),
    toMeanTime(tier.retrievalSecondsTotal * 1000, tier.hitsTotal),
    toMeanAge(tier.evictedAgeSecondsTotal * 1000, tier.evictedTotal),
  ]);
  const tierHead = ["TIER", "BLOBS", "SIZE", "HITS", "MISSES", "RETRIEVAL", "AGE AT EVICTION"];
  return [
    ...(operations.length > 0 ? [toTable([head, ...rows.map(([name, cache]) => [name, ...toCacheCells(cache)])])] : []),
    ...(tiers.length > 0 ? [toTable([tierHead, ...tiers])] : []),
  ];
}

function toCacheCells(stats: ResultCacheStats | undefined): string[] {
  if (!stats) return [];
  const { hits, coalesced, misses, bypassed, bytes, savedMs, retrievalMs, lost, tiers } = stats;
  return [
    ...[hits, coalesced, misses, bypassed].map(String),
    toShortSize(bytes),
    toShortTime(savedMs),
    toMeanTime(retrievalMs, hits),
    String(lost),
    tiers.map((it) => `${it.tier} ${it.hits}`).join(", "),
  ];
}

function toMeanTime(sumMs: number, count: number): string {
  const meanMs = sumMs / count;
  if (count === 0) return "-";
  return meanMs < 10 ? `${meanMs.toFixed(1)} ms` : toShortTime(meanMs);
}

function toMeanAge(sumMs: number, count: number): string {
  return count === 0 ? "-" : toRoughTime(sumMs / count);
}

function toCells(tally: Tally | undefined): string[] {
  return [tally?.total, tally?.succeeded, tally?.failed, tally?.cancelled, tally?.cached].map((it) => String(it ?? 0));
}

function toTimes(latency: LatencyStats | undefined): string[] {
  if (!latency || latency.count === 0) return [];
  const { minMs, avgMs, p50Ms, p95Ms, p99Ms, maxMs } = latency;
  return [minMs, avgMs, p50Ms, p95Ms, p99Ms, maxMs].map(toShortTime);
}

function toPercent(share: number): string {
  return `${(share * 100).toFixed(1)} %`;
}

function toStorageText(storage: NonNullable<JobServiceGetStatsResponse["storage"]>): string {
  const of = storage.capacityBytes > 0 ? ` of ${toShortSize(storage.capacityBytes)}` : "";
  const { putsTotal, putsDeduplicatedTotal, getsTotal, corruptTotal, evictedTotal } = storage;
  return [
    `${storage.blobs} blobs, ${toShortSize(storage.sizeBytes)}${of}`,
    `${putsTotal} puts (${putsDeduplicatedTotal} were there), ${getsTotal} gets`,
    `${toMeanTime(storage.retrievalSecondsTotal * 1000, getsTotal)} to the first byte`,
    `${evictedTotal} evicted, ${toMeanAge(storage.evictedAgeSecondsTotal * 1000, evictedTotal)} after their last use`,
    `${corruptTotal} corrupt`,
  ].join("; ");
}
