import fc from "fast-check";
import { expect, test } from "vitest";
import { createMachinePace } from "./pace.ts";

test("without observed steps the factor is 1", () => {
  const pace = createMachinePace();
  expect(pace.factor(0)).toBe(1);
  pace.observe(0, 100, 0);
  pace.observe(100, Number.NaN, 0);
  expect(pace.factor(0)).toBe(1);
});

test("slow steps raise the factor, which falls back with time", () => {
  const pace = createMachinePace();
  pace.observe(1_000, 2_000, 0);
  // 2 ** (0.4 * 0.7), by hand.
  expect(pace.factor(0)).toBeCloseTo(1.2142, 4);
  for (let n = 0; n < 20; n++) pace.observe(1_000, 2_000, 0);
  expect(pace.factor(0)).toBeCloseTo(2 ** 0.7, 3);
  expect(pace.factor(20_000)).toBeCloseTo(2 ** 0.35, 3);
  expect(pace.factor(600_000)).toBeCloseTo(1, 3);
});

test("the factor stays between a third and three", () => {
  const steps = fc.array(fc.record({ expectedMs: fc.double({ min: 0 }), tookMs: fc.double({ min: 0 }) }));
  fc.assert(
    fc.property(steps, (given) => {
      const pace = createMachinePace();
      for (const [at, { expectedMs, tookMs }] of given.entries()) pace.observe(expectedMs, tookMs, at * 100);
      expect(pace.factor(given.length * 100)).toBeGreaterThan(1 / 3);
      expect(pace.factor(given.length * 100)).toBeLessThan(3);
    }),
  );
});
