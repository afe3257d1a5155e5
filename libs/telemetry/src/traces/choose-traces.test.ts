import { expect, test } from "vitest";
import { createTraceChoice } from "./choose-traces.ts";

/** How many of `count` traces are chosen that begin evenly over `seconds`. */
function choose(options: { ratio: number; perSecond: number }, count: number, seconds: number): number {
  let nowMs = 5_000;
  const chooses = createTraceChoice({ ...options, now: () => nowMs });
  let chosen = 0;
  for (let at = 0; at < count; at++) {
    if (chooses()) chosen++;
    nowMs += (seconds * 1_000) / count;
  }
  return chosen;
}

test("a share of the traces is chosen while they are few", () => {
  // 10 % of 20 a second for 500 s: 1,000 with a standard deviation of 30.
  const chosen = choose({ ratio: 0.1, perSecond: 100 }, 10_000, 500);
  expect(Math.abs(chosen - 1_000)).toBeLessThan(200);
  expect(choose({ ratio: 0, perSecond: 100 }, 1_000, 100)).toBe(0);
  expect(choose({ ratio: 1, perSecond: 1_000 }, 1_000, 100)).toBe(1_000);
});

test("never more than so many a second, however many there are", () => {
  for (const perSecond of [1, 5, 50]) {
    const chosen = choose({ ratio: 1, perSecond }, 100_000, 100);
    // A second's worth may be there from the beginning.
    expect(chosen).toBeLessThanOrEqual(perSecond * 101 + 1);
    expect(chosen).toBeGreaterThan(perSecond * 98);
  }
});

test("what was not chosen in a quiet hour is not made up for", () => {
  let nowMs = 0;
  const chooses = createTraceChoice({ ratio: 1, perSecond: 3, now: () => nowMs });
  nowMs = 3_600_000;
  expect(Array.from({ length: 10 }, chooses)).toEqual([true, true, true, ...Array(7).fill(false)]);
});

test("less than one a second is one in a while", () => {
  expect(choose({ ratio: 1, perSecond: 0.1 }, 1_000, 100)).toBeGreaterThanOrEqual(10);
  expect(choose({ ratio: 1, perSecond: 0.1 }, 1_000, 100)).toBeLessThanOrEqual(11);
});
