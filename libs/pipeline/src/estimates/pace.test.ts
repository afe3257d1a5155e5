import fc from "fast-check";
import { expect, test } from "vitest";
import { createPace } from "./pace.ts";

test("a machine of which nothing was seen is as fast as it was measured", () => {
  const pace = createPace();
  expect(pace.factor(0)).toBe(1);
  pace.note(0, 100, 0);
  pace.note(100, Number.NaN, 0);
  expect(pace.factor(0)).toBe(1);
});

test("steps that take longer raise expectations, and with time that is forgotten", () => {
  const pace = createPace();
  pace.note(1_000, 2_000, 0);
  // 2 ** (0.4 * 0.7), by hand.
  expect(pace.factor(0)).toBeCloseTo(1.2142, 4);
  for (let n = 0; n < 20; n++) pace.note(1_000, 2_000, 0);
  expect(pace.factor(0)).toBeCloseTo(2 ** 0.7, 3);
  expect(pace.factor(20_000)).toBeCloseTo(2 ** 0.35, 3);
  expect(pace.factor(600_000)).toBeCloseTo(1, 3);
});

test("the factor stays between a third and three, whatever steps take", () => {
  const steps = fc.array(fc.record({ expectedMs: fc.double({ min: 0 }), tookMs: fc.double({ min: 0 }) }));
  fc.assert(
    fc.property(steps, (given) => {
      const pace = createPace();
      for (const [at, { expectedMs, tookMs }] of given.entries()) pace.note(expectedMs, tookMs, at * 100);
      expect(pace.factor(given.length * 100)).toBeGreaterThan(1 / 3);
      expect(pace.factor(given.length * 100)).toBeLessThan(3);
    }),
  );
});
