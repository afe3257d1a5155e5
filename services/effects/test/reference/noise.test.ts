import { expect, test } from "vitest";
import { createNoise } from "./noise.ts";

test("noise depends only on seed and position, not on the order of calls", () => {
  for (const size of [1, 3]) {
    const downwards = createNoise(50, 7, size);
    const rows = [0, 1, 2, 3, 4, 5, 6].map((y) => [...downwards(y)]);
    const again = createNoise(50, 7, size);
    expect([...again(5)]).toEqual(rows[5]);
    expect([...createNoise(50, 8, size)(5)]).not.toEqual(rows[5]);
  }
});

test("noise has mean 0, the variance of a triangular distribution, and uncorrelated neighbours", () => {
  const noise = createNoise(512, 1, 1);
  const rows = Array.from({ length: 512 }, (_, y) => [...noise(y)]);
  const all = rows.flat();
  const mean = all.reduce((sum, value) => sum + value, 0) / all.length;
  const variance = all.reduce((sum, value) => sum + value * value, 0) / all.length;
  expect(Math.abs(mean)).toBeLessThan(0.005);
  expect(variance).toBeCloseTo(1 / 6, 2);
  const correlate = (dx: number, dy: number) => {
    let sum = 0;
    for (let y = 0; y < 511; y++) for (let x = 0; x < 511; x++) sum += rows[y]![x]! * rows[y + dy]![x + dx]!;
    return sum / 511 ** 2 / variance;
  };
  for (const [dx, dy] of [
    [1, 0],
    [0, 1],
    [1, 1],
  ] as const)
    expect(Math.abs(correlate(dx, dy))).toBeLessThan(0.01);
});

test("wide grains change slowly", () => {
  const row = createNoise(64, 3, 8)(4);
  for (let x = 1; x < row.length; x++) expect(Math.abs(row[x]! - row[x - 1]!)).toBeLessThanOrEqual(2 / 8 + 1e-6);
});
