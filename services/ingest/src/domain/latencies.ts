import { LatencyStats } from "@pixelmesh/proto";

/**
 * The largest relative error of a percentile. It sets the width of the buckets, as in DDSketch (Masson, Rim, Lee:
 * "DDSketch: a fast and fully-mergeable quantile sketch with relative-error guarantees", VLDB 2019).
 */
export const relativeError = 0.02;

const gamma = (1 + relativeError) / (1 - relativeError);
const logGamma = Math.log(gamma);
/** Longer than any job takes, because deadlines are at most 24 hours ahead. The last bucket also counts longer durations. */
const longestMs = 1e8;

/** The index of the last bucket. A histogram has at most 462 buckets. */
export const lastBucket = Math.ceil(Math.log(longestMs) / logGamma);

/** A histogram of durations of one kind. Its memory is bounded. */
export type Latencies = {
  /** Counts one duration in milliseconds. A negative one counts as 0. */
  record(ms: number): void;
  read(): LatencyStats;
};

/** Creates an empty histogram. */
export function createLatencies(): Latencies {
  const counts = new Map<number, number>();
  let [count, sumMs, minMs, maxMs] = [0, 0, Number.POSITIVE_INFINITY, 0];
  return {
    record(given) {
      const ms = Math.max(0, Math.round(given));
      const index = bucketOf(ms);
      counts.set(index, (counts.get(index) ?? 0) + 1);
      count += 1;
      sumMs += ms;
      minMs = Math.min(minMs, ms);
      maxMs = Math.max(maxMs, ms);
    },
    read: () => summarize(counts, { count, sumMs, minMs: count === 0 ? 0 : minMs, maxMs }),
  };
}

/** Merges histograms. The result equals one histogram of all durations. */
export function mergeLatencies(parts: readonly LatencyStats[]): LatencyStats {
  const counts = new Map<number, number>();
  for (const { buckets } of parts)
    for (const { index, count } of buckets) counts.set(index, (counts.get(index) ?? 0) + count);
  const filled = parts.filter(({ count }) => count > 0);
  return summarize(counts, {
    count: filled.reduce((sum, part) => sum + part.count, 0),
    sumMs: filled.reduce((sum, part) => sum + part.sumMs, 0),
    minMs: filled.length === 0 ? 0 : Math.min(...filled.map((part) => part.minMs)),
    maxMs: Math.max(0, ...filled.map((part) => part.maxMs)),
  });
}

function bucketOf(ms: number): number {
  return ms <= 1 ? 0 : Math.min(lastBucket, Math.ceil(Math.log(ms) / logGamma));
}

type Exact = Pick<LatencyStats, "count" | "sumMs" | "minMs" | "maxMs">;

function summarize(counts: ReadonlyMap<number, number>, exact: Exact): LatencyStats {
  const buckets = [...counts].map(([index, count]) => ({ index, count })).sort((a, b) => a.index - b.index);
  /**
   * Returns the percentile by the nearest-rank definition: the smallest value such that at least `percent` of all values are not above
   * it, which is the value of rank ⌈percent/100 · count⌉, estimated from its bucket. The p99 of fewer than 100 values is their maximum.
   */
  const percentile = (percent: number): number => {
    const rank = Math.ceil((percent * exact.count) / 100);
    // The smallest and largest values are exact.
    if (rank >= exact.count) return exact.maxMs;
    if (rank === 1) return exact.minMs;
    let upTo = 0;
    for (const { index, count } of buckets) {
      upTo += count;
      if (upTo >= rank) return Math.min(exact.maxMs, Math.max(exact.minMs, (2 * gamma ** index) / (gamma + 1)));
    }
    return 0;
  };
  return LatencyStats.create({
    ...exact,
    avgMs: exact.count === 0 ? 0 : exact.sumMs / exact.count,
    p50Ms: percentile(50),
    p95Ms: percentile(95),
    p99Ms: percentile(99),
    buckets,
  });
}
