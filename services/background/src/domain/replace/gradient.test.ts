import { expect, test } from "vitest";
import { createGradientSource, type Gradient } from "./gradient.ts";

const black = [0, 0, 0] as const;
const white = [255, 255, 255] as const;
const red = [255, 0, 0] as const;

async function draw(
  widthPx: number,
  heightPx: number,
  gradient: Gradient,
): Promise<(x: number, y: number) => number[]> {
  const source = createGradientSource({ widthPx, heightPx }, gradient);
  // In two parts, as a composition reads it.
  const upper = await source.readRows(0, Math.ceil(heightPx / 2));
  const lower =
    heightPx > 1 ? await source.readRows(Math.ceil(heightPx / 2), Math.floor(heightPx / 2)) : new Uint8Array();
  const data = Buffer.concat([upper, lower]);
  return (x, y) => [...data.subarray((y * widthPx + x) * 3, (y * widthPx + x) * 3 + 3)];
}

test("a gradient to the right has equal columns that rise by equal steps", async () => {
  const at = await draw(4, 3, { colors: [black, white], angle: 90 });
  // Centres of four columns: an eighth, three, five and seven eighths.
  for (let y = 0; y < 3; y++) expect([0, 1, 2, 3].map((x) => at(x, y)[0])).toEqual([32, 96, 159, 223]);
});

test.each([
  [0, 2, 0],
  [180, 2, 4],
  [90, 4, 2],
  [270, 0, 2],
  [360, 2, 0],
])("at %i degrees the last colour lies at the side of column %i and row %i", async (angle, x, y) => {
  const at = await draw(5, 5, { colors: [black, white], angle });
  const brightest = at(x, y)[0] as number;
  for (let i = 0; i < 25; i++) expect(at(i % 5, Math.floor(i / 5))[0]).toBeLessThanOrEqual(brightest);
  expect(brightest).toBe(230);
});

test("at 45 degrees opposite corners have the outer colours, and the line between the others is half", async () => {
  const at = await draw(400, 200, { colors: [black, white], angle: 45 });
  expect(at(0, 199)[0]).toBeLessThan(2);
  expect(at(399, 0)[0]).toBeGreaterThan(253);
  // At any angle the centre mixes both colours equally.
  expect(Math.abs((at(200, 100)[0] as number) - 127.5)).toBeLessThan(1);
});

test("colours in between lie at even distances", async () => {
  const at = await draw(2_001, 1, { colors: [black, red, white], angle: 90 });
  expect([at(0, 0), at(1000, 0), at(2000, 0)]).toEqual([
    [0, 0, 0],
    [255, 0, 0],
    [255, 255, 255],
  ]);
  expect(at(500, 0)).toEqual([128, 0, 0]);
  expect(at(1500, 0)).toEqual([255, 127, 127]);
});
