import { expect, test } from "vitest";
import { fitSlope, isGrowing, toBlocks } from "./slope.ts";

test("finds the line and how far the points are off it", () => {
  expect(
    fitSlope([
      [0, 5],
      [1, 7],
      [2, 9],
      [3, 11],
    ]),
  ).toEqual({ value: 2, standardError: 0 });
  // By hand: Sxx = Syy = 10, Sxy = 8, so 0.8 and the root of (10 − 0.8 · 8) / 3 / 10 = 0.12.
  const { value, standardError } = fitSlope([1, 3, 2, 5, 4].map((y, at) => [at + 1, y] as const));
  expect(value).toBeCloseTo(0.8, 10);
  expect(standardError).toBeCloseTo(Math.sqrt(0.12), 10);
});

test("refuses what has no slope", () => {
  expect(() =>
    fitSlope([
      [0, 1],
      [1, 1],
    ]),
  ).toThrow(RangeError);
  expect(() =>
    fitSlope([
      [1, 1],
      [1, 2],
      [1, 3],
    ]),
  ).toThrow(RangeError);
});

test("blocks take every point once, in order", () => {
  const points = Array.from({ length: 10 }, (_, at) => [at, 2 * at] as const);
  const blocks = toBlocks(points, 3);
  expect(blocks).toEqual([
    [1, 2],
    [4, 8],
    [7.5, 15],
  ]);
  expect(toBlocks(points, 99)).toEqual(points);
});

test("a steady leak under noise grows, noise alone does not", () => {
  const noisy = (perX: number) => Array.from({ length: 30 }, (_, x) => [x, perX * x + ((x * 7919) % 13)] as const);
  expect(isGrowing(fitSlope(noisy(1)), 0.5)).toBe(true);
  expect(isGrowing(fitSlope(noisy(0)), 0.01)).toBe(false);
  expect(isGrowing(fitSlope(noisy(0.3)), 0.5)).toBe(false);
});
