import {
  type EffectStats,
  type ErrorReason,
  JobServiceGetStatsResponse,
  type LatencyStats,
  type OperationStats,
  type ReasonCount,
  Tally,
} from "@pixelmesh/proto";
import { addCacheStats } from "./cache-counts.ts";
import { mergeLatencies } from "./latencies.ts";
import { mergeCosts, mergeFeatures } from "./remote-costs.ts";

/** Returns a tally of zeros. */
export const emptyTally = (): Tally => Tally.create();

/** Returns a response with empty statistics. */
export const emptyStats = (): JobServiceGetStatsResponse => JobServiceGetStatsResponse.create();

/** Merges the responses of several replicas: counts are added, and percentiles are those of all durations together. */
export function mergeStats(parts: readonly JobServiceGetStatsResponse[]): JobServiceGetStatsResponse {
  const operations = Map.groupBy(
    parts.flatMap((part) => part.operations),
    ({ operation }) => operation,
  );
  const effects = Map.groupBy(
    parts.flatMap((part) => part.effects),
    ({ effect }) => effect,
  );
  const errors = new Map<ErrorReason, number>();
  for (const { reason, count } of parts.flatMap((part) => part.errors))
    errors.set(reason, (errors.get(reason) ?? 0) + count);
  return withRates({
    ...emptyStats(),
    replicas: parts.flatMap(({ replicas }) => replicas),
    missing: parts.flatMap(({ missing }) => missing),
    uptimeMs: Math.max(0, ...parts.map(({ uptimeMs }) => uptimeMs)),
    jobs: addTallies(parts.map(({ jobs }) => jobs)),
    jobsRefused: sum(parts.map(({ jobsRefused }) => jobsRefused)),
    jobLatency: mergePresent(parts.map(({ jobLatency }) => jobLatency)),
    operations: [...operations].map(([operation, same]) => mergeOperation(operation, same)),
    effects: [...effects].map(([effect, same]) => mergeEffect(effect, same)),
    features: mergeFeatures(parts.flatMap((part) => part.features)),
    costs: mergeCosts(parts.map((part) => part.costs)),
    errors: toReasonCounts(errors),
  });
}

/** Returns the statistics with operations and effects sorted by name, the total of the operations, and the rates that follow from it. */
export function withRates(stats: JobServiceGetStatsResponse): JobServiceGetStatsResponse {
  const requests = addTallies(stats.operations.map((it) => it.requests));
  const { succeeded, failed, cached } = requests;
  return {
    ...stats,
    operations: stats.operations.toSorted((a, b) => (a.operation < b.operation ? -1 : 1)),
    effects: stats.effects.toSorted((a, b) => (a.effect < b.effect ? -1 : 1)),
    requests,
    resultCache: addCacheStats(stats.operations.map(({ cache }) => cache)),
    hitRate: succeeded === 0 ? 0 : cached / succeeded,
    errorRate: succeeded + failed === 0 ? 0 : failed / (succeeded + failed),
  };
}

/** Returns the counts by reason as a list, the most frequent first. */
export function toReasonCounts(counts: ReadonlyMap<ErrorReason, number>): ReasonCount[] {
  return [...counts]
    .map(([reason, count]) => ({ reason, count }))
    .sort((a, b) => b.count - a.count || a.reason - b.reason);
}

function mergeOperation(operation: string, parts: readonly OperationStats[]): OperationStats {
  return {
    operation,
    requests: addTallies(parts.map(({ requests }) => requests)),
    latency: mergePresent(parts.map(({ latency }) => latency)),
    savedMs: sum(parts.map(({ savedMs }) => savedMs)),
    cache: addCacheStats(parts.map(({ cache }) => cache)),
  };
}

function mergeEffect(effect: string, parts: readonly EffectStats[]): EffectStats {
  return {
    effect,
    requests: addTallies(parts.map(({ requests }) => requests)),
    cache: addCacheStats(parts.map(({ cache }) => cache)),
  };
}

function addTallies(given: readonly (Tally | undefined)[]): Tally {
  const tallies = given.filter((tally) => tally !== undefined);
  return {
    total: sum(tallies.map(({ total }) => total)),
    succeeded: sum(tallies.map(({ succeeded }) => succeeded)),
    failed: sum(tallies.map(({ failed }) => failed)),
    cancelled: sum(tallies.map(({ cancelled }) => cancelled)),
    cached: sum(tallies.map(({ cached }) => cached)),
  };
}

function mergePresent(latencies: readonly (LatencyStats | undefined)[]): LatencyStats {
  return mergeLatencies(latencies.filter((it) => it !== undefined));
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}
