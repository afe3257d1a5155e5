import fc from "fast-check";
import { expect, test } from "vitest";
import { isBelowTarget, isOverfull, nextCut } from "./eviction-thresholds.ts";

const fill = (sizeBytes: number, entries: number) => ({ sizeBytes, boundBytes: 1_000, entries, maxEntries: 100 });

test("eviction begins above 80 % of the bytes or 100 % of the entries, and ends at 70 % and 95 %", () => {
  expect([isOverfull(fill(800, 100)), isOverfull(fill(801, 1)), isOverfull(fill(1, 101))]).toEqual([false, true, true]);
  expect([isBelowTarget(fill(700, 95)), isBelowTarget(fill(701, 1)), isBelowTarget(fill(1, 96))]).toEqual([
    true,
    false,
    false,
  ]);
});

test("cuts cover all entries of the start of the pass in a bounded number of bounded steps", () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 2 ** 40 }), fc.integer({ min: 0, max: 5_000_000 }), (first, span) => {
      const passEnd = first + span;
      let at = first;
      let steps = 0;
      while (at <= passEnd) {
        const cut = nextCut(at, passEnd, passEnd);
        expect(cut).toBeGreaterThan(at);
        expect(cut - at).toBeLessThanOrEqual(100_000);
        expect(cut).toBeLessThanOrEqual(passEnd + 1);
        at = cut;
        steps++;
      }
      expect(steps).toBeLessThan(400);
    }),
    { numRuns: 50 },
  );
});
