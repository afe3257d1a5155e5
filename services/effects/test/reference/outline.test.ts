import { expect, test } from "vitest";
import { paintWithOutline } from "./outline.ts";
import type { RowShape } from "./rows.ts";

async function draw(picture: number[][], radiusPx: number, opacity = 1): Promise<number[][]> {
  const shape: RowShape = { widthPx: picture[0]!.length, heightPx: picture.length, channels: 3 };
  async function* rows() {
    for (const row of picture) yield Float32Array.from(row.flatMap((grey) => [grey, grey, grey]));
  }
  const out: number[][] = [];
  const white = (row: Float32Array) => void row.fill(1);
  for await (const row of paintWithOutline(shape, { radiusPx, opacity }, white)(rows())) {
    out.push(Array.from({ length: row.length / 3 }, (_, x) => row[x * 3]!));
  }
  return out;
}

// The same outline by direct sums, pixel by pixel.
function reference(picture: number[][], radius: number): number[][] {
  const [height, width] = [picture.length, picture[0]!.length];
  const at = (plane: number[][], x: number, y: number) =>
    plane[Math.min(height - 1, Math.max(0, y))]![Math.min(width - 1, Math.max(0, x))]!;
  const map = (f: (x: number, y: number) => number) => picture.map((row, y) => row.map((_, x) => f(x, y)));
  const blurred = map((x, y) => {
    let sum = 0;
    for (let dy = -radius; dy <= radius; dy++)
      for (let dx = -radius; dx <= radius; dx++) sum += at(picture, x + dx, y + dy);
    return sum / (2 * radius + 1) ** 2;
  });
  const sobel = [
    [-1, 0, 1],
    [-2, 0, 2],
    [-1, 0, 1],
  ];
  return map((x, y) => {
    let [gx, gy] = [0, 0];
    for (let dy = -1; dy <= 1; dy++) {
      for (let dx = -1; dx <= 1; dx++) {
        gx += sobel[dy + 1]![dx + 1]! * at(blurred, x + dx, y + dy);
        gy += sobel[dx + 1]![dy + 1]! * at(blurred, x + dx, y + dy);
      }
    }
    const edge = Math.min(1, Math.max(0, ((Math.hypot(gx, gy) / 8) * (2 * radius + 1) - 0.1) / 0.2));
    return 1 - edge * edge * (3 - 2 * edge);
  });
}

const picture = Array.from({ length: 23 }, (_, y) =>
  Array.from({ length: 31 }, (_, x) => ((x * 7 + y * 13) % 11) / 20 + (Math.hypot(x - 15, y - 11) < 7 ? 0.4 : 0)),
);

test("lines agree with direct sums, at any radius and for pictures smaller than it", async () => {
  for (const radius of [1, 2, 5, 8]) {
    for (const part of [picture, picture.slice(0, 3), [[0.1]], [[0.1], [0.9]], [[0.1, 0.9]]]) {
      const [drawn, expected] = [await draw(part, radius), reference(part, radius)];
      expect(drawn).toHaveLength(part.length);
      drawn.flat().forEach((value, i) => {
        expect(value).toBeCloseTo(expected.flat()[i]!, 4);
      });
    }
  }
});

test("a flat picture gets no line, and opacity sets the blackness of lines", async () => {
  const flat = Array.from({ length: 9 }, () => new Array<number>(9).fill(0.3));
  expect((await draw(flat, 2)).flat().every((value) => value === 1)).toBe(true);
  const step = Array.from({ length: 9 }, () => [0, 0, 0, 0, 1, 1, 1, 1]);
  const darkest = async (opacity: number) => Math.min(...(await draw(step, 1, opacity)).flat());
  expect(await darkest(1)).toBe(0);
  expect(await darkest(0.5)).toBeCloseTo(0.5, 6);
  expect(await darkest(0)).toBe(1);
});
