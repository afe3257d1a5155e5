import { type JobServiceGetStatsResponse, reasonFromEnum } from "@pixelmesh/client";
import type { LatencyStats, Tally } from "@pixelmesh/proto";
import { toShortSize, toShortTime, toTable } from "./text.ts";

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
    stats.errors.length === 0
      ? "No errors.\n"
      : toTable([["ERROR", "COUNT"], ...stats.errors.map((it) => [reasonFromEnum(it.reason), String(it.count)])]),
  ].join("\n");
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
    `${evictedTotal} evicted, ${corruptTotal} corrupt`,
  ].join("; ");
}
