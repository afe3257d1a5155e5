import fc from "fast-check";
import { expect, test } from "vitest";
import { createLatencies, lastBucket, mergeLatencies, relativeError } from "./latencies.ts";

/** From a millisecond to a day, each magnitude as likely as the others. */
const durations = fc.double({ min: 0, max: Math.log(86_400_000), noNaN: true }).map((log) => Math.round(Math.exp(log)));
const lists = fc.array(durations, { minLength: 1, maxLength: 400 });

function count(values: readonly number[]) {
  const latencies = createLatencies();
  for (const ms of values) latencies.note(ms);
  return latencies.read();
}

function exactQuantile(values: readonly number[], q: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.floor(q * (sorted.length - 1))] as number;
}

test("percentiles are within the stated error of the exact ones, and the rest is exact", () => {
  fc.assert(
    fc.property(lists, (values) => {
      const read = count(values);
      for (const [q, found] of [
        [0.5, read.p50Ms],
        [0.95, read.p95Ms],
        [0.99, read.p99Ms],
      ] as const) {
        const exact = exactQuantile(values, q);
        expect(Math.abs(found - exact)).toBeLessThanOrEqual(relativeError * exact + 1e-6);
      }
      const sum = values.reduce((total, ms) => total + ms, 0);
      expect(read).toMatchObject({ count: values.length, sumMs: sum, avgMs: sum / values.length });
      expect([read.minMs, read.maxMs]).toEqual([Math.min(...values), Math.max(...values)]);
    }),
  );
});

test("parts merged in any grouping are what one histogram of all had counted", () => {
  fc.assert(
    fc.property(fc.array(fc.array(durations, { maxLength: 60 }), { maxLength: 6 }), (parts) => {
      const reads = parts.map(count);
      const whole = count(parts.flat());
      expect(mergeLatencies(reads)).toEqual(whole);
      expect(mergeLatencies([mergeLatencies(reads.slice(0, 2)), mergeLatencies(reads.slice(2))])).toEqual(whole);
    }),
  );
});

test("its size is bounded, whatever it is given", () => {
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
  for (let ms = 0; ms < 1e9; ms = Math.ceil(ms * 1.001) + 1) all.note(ms);
  expect(all.read().buckets.length).toBeLessThanOrEqual(lastBucket + 1);
  expect(lastBucket).toBeLessThan(500);
});

test("nothing counted is all zero", () => {
  const nothing = { count: 0, sumMs: 0, avgMs: 0, minMs: 0, maxMs: 0, p50Ms: 0, p95Ms: 0, p99Ms: 0, buckets: [] };
  expect(createLatencies().read()).toEqual(nothing);
  expect(mergeLatencies([])).toEqual(nothing);
});
