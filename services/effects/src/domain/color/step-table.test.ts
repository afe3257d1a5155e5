import fc from "fast-check";
import { expect, test } from "vitest";
import { createStepTable } from "./step-table.ts";

test("a step table has the bytes of its function at any argument", () => {
  const byteAt = (value: number) => Math.floor(255 * value ** 1.7 + 0.5);
  const { starts, bounds } = createStepTable(byteAt)!;
  const look = (value: number) => {
    const start = starts[Math.round(value * 8_192)]!;
    return value >= bounds[start + 1]! ? start + 1 : start;
  };
  fc.assert(
    fc.property(fc.double({ min: 0, max: 1, noNaN: true }), (value) => {
      expect(look(value)).toBe(byteAt(value));
    }),
    { numRuns: 2_000 },
  );
  // The last argument of one byte and the first of the next.
  for (const bound of bounds.subarray(1, 256)) {
    expect(byteAt(bound)).toBe(byteAt(bound * (1 - Number.EPSILON)) + 1);
    expect(look(bound)).toBe(byteAt(bound));
    expect(look(bound * (1 - Number.EPSILON))).toBe(byteAt(bound) - 1);
  }
});

test("a function that does not start at 0 or does not reach 255 has its own bytes", () => {
  const { starts, bounds } = createStepTable((value) => 40 + Math.floor(100 * value))!;
  expect([starts[0], starts[8_192]]).toEqual([40, 139]);
  expect([...bounds.subarray(0, 41)].every((bound) => bound === 0)).toBe(true);
  expect(bounds[140]).toBe(1);
  expect(bounds[141]).toBe(Number.POSITIVE_INFINITY);
});

test("a function that rises too steeply has no table", () => {
  expect(createStepTable((value) => (value < 0.5 ? 0 : 255))).toBeUndefined();
});
