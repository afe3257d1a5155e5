import { expect, test } from "vitest";
import { createHeadSampler } from "./head-sampling.ts";

/** Number of sampled traces among `count` traces that begin evenly over `seconds`. */
function sample(options: { ratio: number; perSecond: number }, count: number, seconds: number): number {
  let nowMs = 5_000;
  const isSampled = createHeadSampler({ ...options, now: () => nowMs });
  let sampled = 0;
  for (let at = 0; at < count; at++) {
    if (isSampled()) sampled++;
    nowMs += (seconds * 1_000) / count;
  }
  return sampled;
}

test("the configured share is sampled while traces are few", () => {
  // 10 % of 20 a second for 500 s: 1,000 with a standard deviation of 30.
  const sampled = sample({ ratio: 0.1, perSecond: 100 }, 10_000, 500);
  expect(Math.abs(sampled - 1_000)).toBeLessThan(200);
  expect(sample({ ratio: 0, perSecond: 100 }, 1_000, 100)).toBe(0);
  expect(sample({ ratio: 1, perSecond: 1_000 }, 1_000, 100)).toBe(1_000);
});

test("the rate limit holds for any number of traces", () => {
  for (const perSecond of [1, 5, 50]) {
    const sampled = sample({ ratio: 1, perSecond }, 100_000, 100);
    // The bucket starts with the tokens of one second.
    expect(sampled).toBeLessThanOrEqual(perSecond * 101 + 1);
    expect(sampled).toBeGreaterThan(perSecond * 98);
  }
});

test("unused tokens of a quiet hour do not accumulate", () => {
  let nowMs = 0;
  const isSampled = createHeadSampler({ ratio: 1, perSecond: 3, now: () => nowMs });
  nowMs = 3_600_000;
  expect(Array.from({ length: 10 }, isSampled)).toEqual([true, true, true, ...Array(7).fill(false)]);
});

test("a rate below one a second samples one trace now and then", () => {
  expect(sample({ ratio: 1, perSecond: 0.1 }, 1_000, 100)).toBeGreaterThanOrEqual(10);
  expect(sample({ ratio: 1, perSecond: 0.1 }, 1_000, 100)).toBeLessThanOrEqual(11);
});
