import { expect, test } from "vitest";
import { peakRise, toBlocks } from "./growth.ts";

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

/** 300 points over 0 to 30 of a saw whose teeth are 50 high and 7 long, which drifts by `perX`. */
const saw = (perX: number, warmUp = 0) =>
  Array.from({ length: 300 }, (_, at) => {
    const x = at / 10;
    return [x, Math.min(x, 5) * warmUp + perX * x + ((x % 7) / 7) * 50] as const;
  });

test("a leak under a saw rises by what it leaks, a saw alone and one that only warms up do not", () => {
  expect(peakRise(saw(3), 30)).toBeGreaterThan(24);
  expect(peakRise(saw(3), 30)).toBeLessThan(36);
  for (const warmUp of [0, 20]) expect(Math.abs(peakRise(saw(0, warmUp), 30) as number)).toBeLessThan(5);
});

test("what was not there in both thirds is not judged", () => {
  expect(peakRise(saw(1).slice(150), 30)).toBeDefined();
  expect(peakRise(saw(1).slice(210), 30)).toBeUndefined();
  expect(peakRise(saw(1).slice(0, 190), 30)).toBeUndefined();
});
