import type { Plane } from "@pixelmesh/testing";
import { expect, test } from "vitest";
import { computePsnrB } from "./psnr-b.ts";

const sidePx = 256;
const draw = (sample: (x: number, y: number) => number): Plane => ({
  widthPx: sidePx,
  heightPx: sidePx,
  data: Float64Array.from({ length: sidePx ** 2 }, (_, i) => sample(i % sidePx, Math.floor(i / sidePx))),
});
const smooth = (x: number, y: number) => (x >> 2) + (y >> 2) + (((x >> 1) * (y >> 1)) % 3) + 40;
const original = draw(smooth);
const blocked = draw((x, y) => smooth(x, y) + ((x >> 3) % 2) * 9 + ((y >> 3) % 2) * 14);

test("a picture with blocks has the PSNR-B of the formula, near that of the package sewar", () => {
  // By array slices in NumPy, with the paper's numbers of pairs. Their PSNR is 25.0881 dB.
  expect(computePsnrB(blocked, original, 8)).toBeCloseTo(24.07172486, 4);
  // sewar 0.4.10 counts a few pairs differently.
  expect(Math.abs(computePsnrB(blocked, original, 8) - 24.10018858)).toBeLessThan(0.05);
});

test("without blocks it is the PSNR", () => {
  const ramp = draw((x, y) => x / 4 + y / 2);
  const brighter = draw((x, y) => x / 4 + y / 2 + 3);
  expect(computePsnrB(brighter, ramp, 8)).toBeCloseTo(20 * Math.log10(255 / 3), 10);
  expect(computePsnrB(ramp, ramp, 8)).toBe(Number.POSITIVE_INFINITY);
});
