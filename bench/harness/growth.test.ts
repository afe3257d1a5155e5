import { expect, test } from "vitest";
import { peakRise, toBlocks } from "./growth.ts";

test("blocks contain every point once, in order", () => {
  const points = Array.from({ length: 10 }, (_, at) => [at, 2 * at] as const);
  const blocks = toBlocks(points, 3);
  expect(blocks).toEqual([
    [1, 2],
    [4, 8],
    [7.5, 15],
  ]);
  expect(toBlocks(points, 99)).toEqual(points);
});

/** A sawtooth of 300 points from 0 to 30, with teeth of height 50 and length 7, that rises by `perX`. */
const sawtooth = (perX: number, warmUp = 0) =>
  Array.from({ length: 300 }, (_, at) => {
    const x = at / 10;
    return [x, Math.min(x, 5) * warmUp + perX * x + ((x % 7) / 7) * 50] as const;
  });

test("a sawtooth with a leak rises by the leak, one without a leak or with a warm-up only does not", () => {
  expect(peakRise(sawtooth(3), 30)).toBeGreaterThan(24);
  expect(peakRise(sawtooth(3), 30)).toBeLessThan(36);
  for (const warmUp of [0, 20]) expect(Math.abs(peakRise(sawtooth(0, warmUp), 30) as number)).toBeLessThan(5);
});

test("without enough points in both thirds there is no result", () => {
  expect(peakRise(sawtooth(1).slice(150), 30)).toBeDefined();
  expect(peakRise(sawtooth(1).slice(210), 30)).toBeUndefined();
  expect(peakRise(sawtooth(1).slice(0, 190), 30)).toBeUndefined();
});
