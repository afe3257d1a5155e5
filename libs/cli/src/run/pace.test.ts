import fc from "fast-check";
import { expect, test } from "vitest";
import { createPace } from "./pace.ts";

test("the pace is unknown until as many pictures have ended as run at once, and then follows the recent ends", () => {
  const pace = createPace(4);
  pace.begin(1_000);
  for (const endMs of [2_000, 3_000, 4_000]) pace.end(endMs);
  expect([pace.perSecond(4_000), pace.leftMs(10, 4_000)]).toEqual([undefined, undefined]);
  pace.end(5_000);
  expect([pace.perSecond(5_000), pace.leftMs(10, 5_000)]).toEqual([1, 10_000]);
  // From now on ten a second. After 48 ends only these count.
  for (let at = 1; at <= 60; at += 1) pace.end(5_000 + at * 100);
  expect(pace.perSecond(11_000)).toBeCloseTo(10, 1);
  expect(pace.leftMs(100, 11_000)).toBeCloseTo(10_000, -2);
  pace.begin(20_000);
  expect(pace.leftMs(100, 20_000)).toBeUndefined();
});

test("the time left is finite, rises no faster than the time that was watched, and falls with each end but the window's shift", () => {
  const gaps = fc.array(fc.double({ min: 1, max: 60_000, noNaN: true }), { minLength: 5, maxLength: 200 });
  fc.assert(
    fc.property(
      gaps,
      fc.integer({ min: 1, max: 16 }),
      fc.double({ min: 0, max: 1e6, noNaN: true }),
      (all, atOnce, stallMs) => {
        const pace = createPace(atOnce);
        pace.begin(0);
        let nowMs = 0;
        for (const gap of all) {
          nowMs += gap;
          pace.end(nowMs);
          const left = pace.leftMs(50, nowMs);
          if (left === undefined) continue;
          // An end is never more than the longest gap away, if all 50 came one after another.
          expect(left).toBeLessThanOrEqual(50 * Math.max(...all) * 1.000_001);
          expect(left).toBeGreaterThanOrEqual(50 * Math.min(...all) * 0.999_999);
        }
        const before = pace.leftMs(50, nowMs);
        const after = pace.leftMs(50, nowMs + stallMs);
        if (before === undefined || after === undefined) return;
        expect(after).toBeGreaterThanOrEqual(before);
        expect(after - before).toBeLessThanOrEqual(50 * stallMs + 1);
      },
    ),
  );
});
