import fc from "fast-check";
import { expect, test } from "vitest";
import { createLatencies, lastBucket, mergeLatencies, relativeError } from "./latencies.ts";

/** Durations from a millisecond to a day, with each order of magnitude equally likely. */
const durations = fc.double({ min: 0, max: Math.log(86_400_000), noNaN: true }).map((log) => Math.round(Math.exp(log)));
const lists = fc.array(durations, { minLength: 1, maxLength: 400 });

function count(values: readonly number[]) {
  const latencies = createLatencies();
  for (const ms of values) latencies.record(ms);
  return latencies.read();
}

/** The nearest rank by its definition: the smallest value that at least `percent` of the values do not exceed. */
function exactPercentile(values: readonly number[], percent: number): number {
  const isEnough = (limit: number) => values.filter((ms) => ms <= limit).length * 100 >= percent * values.length;
  return Math.min(...values.filter(isEnough));
}

test("percentiles are within the stated error of the exact ones, and the rest is exact", () => {
  fc.assert(
    fc.property(lists, (values) => {
      const read = count(values);
      for (const [percent, found] of [
        [50, read.p50Ms],
        [95, read.p95Ms],
        [99, read.p99Ms],
      ] as const) {
        const exact = exactPercentile(values, percent);
        expect(Math.abs(found - exact)).toBeLessThanOrEqual(relativeError * exact + 1e-6);
      }
      const sum = values.reduce((total, ms) => total + ms, 0);
      expect(read).toMatchObject({ count: values.length, sumMs: sum, avgMs: sum / values.length });
      expect([read.minMs, read.maxMs]).toEqual([Math.min(...values), Math.max(...values)]);
    }),
  );
});

test("the high percentiles of a few values are the values at their ranks", () => {
  // By hand, nearest rank: rank = ceil(percent / 100 * count).
  const near = (expected: number) => expect.closeTo(expected, -Math.log10(2 * relativeError * expected + 1));
  expect(count([483, 38_800])).toMatchObject({ p50Ms: near(483), p95Ms: 38_800, p99Ms: 38_800 });
  expect(count([7])).toMatchObject({ p50Ms: 7, p95Ms: 7, p99Ms: 7 });
  // The worked example of en.wikipedia.org/wiki/Percentile#The_nearest-rank_method: the 50th of five is 35.
  expect(count([15, 20, 35, 40, 50])).toMatchObject({ p50Ms: near(35), p95Ms: 50, p99Ms: 50 });
  const twenty = Array.from({ length: 20 }, (_, n) => (n + 1) * 1_000);
  expect(count(twenty)).toMatchObject({ p50Ms: near(10_000), p95Ms: near(19_000), p99Ms: 20_000 });
  const hundred = Array.from({ length: 100 }, (_, n) => (n + 1) * 1_000);
  expect(count(hundred)).toMatchObject({ p50Ms: near(50_000), p95Ms: near(95_000), p99Ms: near(99_000) });
});

test("histograms merged in any grouping equal one histogram of all durations", () => {
  fc.assert(
    fc.property(fc.array(fc.array(durations, { maxLength: 60 }), { maxLength: 6 }), (parts) => {
      const reads = parts.map(count);
      const whole = count(parts.flat());
      expect(mergeLatencies(reads)).toEqual(whole);
      expect(mergeLatencies([mergeLatencies(reads.slice(0, 2)), mergeLatencies(reads.slice(2))])).toEqual(whole);
    }),
  );
});

test("its size is bounded for any input", () => {
  fc.assert(
    fc.property(fc.array(fc.double({ noNaN: true, noDefaultInfinity: true })), (values) => {
      for (const { index, count: held } of count(values).buckets) {
        expect(index).toBeGreaterThanOrEqual(0);
        expect(index).toBeLessThanOrEqual(lastBucket);
        expect(held).toBeGreaterThan(0);
      }
    }),
  );
  const all = createLatencies();
  for (let ms = 0; ms < 1e9; ms = Math.ceil(ms * 1.001) + 1) all.record(ms);
  expect(all.read().buckets.length).toBeLessThanOrEqual(lastBucket + 1);
  expect(lastBucket).toBeLessThan(500);
});

test("an empty histogram is all zeros", () => {
  const nothing = { count: 0, sumMs: 0, avgMs: 0, minMs: 0, maxMs: 0, p50Ms: 0, p95Ms: 0, p99Ms: 0, buckets: [] };
  expect(createLatencies().read()).toEqual(nothing);
  expect(mergeLatencies([])).toEqual(nothing);
});
