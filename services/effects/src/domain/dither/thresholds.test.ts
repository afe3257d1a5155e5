import { expect, test } from "vitest";
import { createBayerMap } from "./thresholds.ts";

// The matrix by its recursive definition, quadrant by quadrant.
function bayerMatrix(size: number): number[][] {
  if (size === 1) return [[0]];
  const half = bayerMatrix(size / 2);
  const quadrant = (offset: number) => half.map((row) => row.map((value) => 4 * value + offset));
  const beside = (left: number[][], right: number[][]) => left.map((row, i) => [...row, ...(right[i] as number[])]);
  return [...beside(quadrant(0), quadrant(2)), ...beside(quadrant(3), quadrant(1))];
}

test("Bayer thresholds agree with the recursive definition of the matrix", () => {
  for (const size of [2, 4, 8] as const) {
    const expected = bayerMatrix(size)
      .flat()
      .map((index) => Math.fround((index + 0.5) / (size * size)));
    expect([...createBayerMap(size).thresholds]).toEqual(expected);
  }
});

test("the 4×4 matrix is the one in Bayer's paper", () => {
  const indices = [...createBayerMap(4).thresholds].map((threshold) => threshold * 16 - 0.5);
  expect(indices).toEqual([0, 8, 2, 10, 12, 4, 14, 6, 3, 11, 1, 9, 15, 7, 13, 5]);
});
