import { expect, test } from "vitest";
import { toEncoded, toLinear } from "../../src/domain/color/color.ts";
import { mapCells } from "./cells.ts";
import type { Row, RowShape } from "./rows.ts";

async function run(
  shape: RowShape,
  cellPx: number,
  picture: number[][],
  kernel: (row: Row, y: number) => void,
): Promise<number[][]> {
  async function* rows() {
    for (const row of picture) yield Float32Array.from(row);
  }
  const out: number[][] = [];
  for await (const row of mapCells(shape, cellPx, kernel)(rows())) out.push([...row]);
  return out;
}

test("a cell becomes its mean in linear light, also at the picture's edge", async () => {
  const shape = { widthPx: 3, heightPx: 3, channels: 3 } as const;
  const greys = [
    [0, 1, 0.5],
    [1, 0, 0.5],
    [0.2, 0.4, 0.8],
  ];
  const picture = greys.map((row) => row.flatMap((grey) => [grey, grey, grey]));
  const seen: number[][] = [];
  const out = await run(shape, 2, picture, (row) => seen.push([...row]));
  const means = [
    [toEncoded(0.5), 0.5],
    [toEncoded((toLinear(0.2) + toLinear(0.4)) / 2), 0.8],
  ];
  means.forEach((row, y) => {
    row.forEach((mean, x) => {
      expect(seen[y]![x * 3]).toBeCloseTo(mean, 4);
    });
  });
  expect(out[0]).toEqual(out[1]);
  expect(out[0]!.slice(0, 3)).toEqual(out[0]!.slice(3, 6));
  expect(out).toHaveLength(3);
});

test("colours are weighted by alpha, and alpha is unchanged", async () => {
  const shape = { widthPx: 2, heightPx: 2, channels: 4 } as const;
  const picture = [
    [1, 0, 0, 1, 0, 1, 0, 0],
    [1, 0, 0, 0.5, 0, 0, 1, 0],
  ];
  let alpha = -1;
  const out = await run(shape, 2, picture, (row) => {
    alpha = row[3]!;
  });
  expect(alpha).toBeCloseTo(0.375, 5);
  expect(out.map((row) => [row[3], row[7]])).toEqual([
    [1, 0],
    [0.5, 0],
  ]);
  expect(out[0]!.slice(4, 7).map((value) => Math.round(value * 255))).toEqual([255, 0, 0]);
});

test("transparent cells get the mean of their colours", async () => {
  const shape = { widthPx: 2, heightPx: 1, channels: 4 } as const;
  const out = await run(shape, 2, [[1, 0, 0, 0, 0, 0, 0, 0]], () => {});
  expect(out[0]![0]).toBeCloseTo(toEncoded(0.5), 4);
});
