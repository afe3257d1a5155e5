import fc from "fast-check";
import { expect, test } from "vitest";
import { toMicros } from "./micros.ts";

test("prices become millionths exactly, also where a product of doubles is off", () => {
  expect(toMicros(0)).toBe(0);
  expect(toMicros(0.000725)).toBe(725);
  // 0.0011 * 1e6 is 1100.0000000000002, and 4.35 * 1e6 is 4349999.999999999.
  expect(toMicros(0.0011)).toBe(1_100);
  expect(toMicros(4.35)).toBe(4_350_000);
  expect(toMicros(1e-6)).toBe(1);
  expect(toMicros(1_000_000)).toBe(1_000_000_000_000);
});

test("every decimal price with up to 6 decimals gives its digits", () => {
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 999_999 }), fc.integer({ min: 0, max: 999_999 }), (whole, millionths) => {
      // The text is put together from integers, so no arithmetic of fractions is involved.
      const text = `${whole}.${String(millionths).padStart(6, "0")}`;
      expect(toMicros(JSON.parse(text))).toBe(whole * 1_000_000 + millionths);
    }),
  );
});

test("finer, negative and huge prices have no millionths", () => {
  for (const price of [1e-7, 0.0000015, 0.1 + 0.2, -1, 1_000_000.5, 1e21, Number.NaN, Number.POSITIVE_INFINITY])
    expect([price, toMicros(price)]).toEqual([price, undefined]);
});
