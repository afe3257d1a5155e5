import { readFileSync } from "node:fs";
import sharp, { type Sharp } from "sharp";
import { expect, test } from "vitest";
import { type Luminance, measureBlockiness } from "./blockiness.ts";

// Reduced to a quarter, so that nothing of the file's own blocks is left.
const scene = sharp(readFileSync(new URL("../../../../examples/still-life.jpg", import.meta.url)))
  .resize(320, 240)
  .greyscale();

async function toPlane(image: Sharp): Promise<Luminance> {
  const { data, info } = await image.toColourspace("b-w").raw().toBuffer({ resolveWithObject: true });
  return { widthPx: info.width, heightPx: info.height, data };
}
const stored = async (quality: number) => sharp(await scene.clone().jpeg({ quality }).toBuffer());

test("a picture without blocks is near 1, and blocks raise it with every step of compression", async () => {
  expect(measureBlockiness(await toPlane(scene.clone()))).toBeLessThan(1.1);
  const found: number[] = [];
  for (const quality of [75, 50, 30, 15]) found.push(measureBlockiness(await toPlane(await stored(quality))));
  expect(found).toEqual(found.toSorted((a, b) => a - b));
  expect(found[0]).toBeGreaterThan(1.2);
});

test("the blocks may begin anywhere", async () => {
  const whole = await (await stored(30)).png().toBuffer();
  const at = async (left: number, top: number) =>
    measureBlockiness(await toPlane(sharp(whole).extract({ left, top, width: 256, height: 192 })));
  const aligned = await at(0, 0);
  for (const [left, top] of [[3, 5] as const, [8, 1] as const, [15, 15] as const]) {
    // The crops differ a little in content.
    expect(Math.abs((await at(left, top)) / aligned - 1)).toBeLessThan(0.15);
  }
});

test("stripes of 8 px in one direction are no blocks, and a checkerboard is", () => {
  const draw = (isWhite: (x: number, y: number) => boolean): Luminance => ({
    widthPx: 128,
    heightPx: 128,
    data: Uint8Array.from({ length: 128 * 128 }, (_, i) => (isWhite(i & 127, i >> 7) ? 140 : 120)),
  });
  expect(measureBlockiness(draw((x) => (x >> 3) % 2 === 0))).toBe(1);
  expect(measureBlockiness(draw((x, y) => ((x >> 3) + (y >> 3)) % 2 === 0))).toBeGreaterThan(10);
});

test("flat and tiny pictures tell nothing", () => {
  expect(measureBlockiness({ widthPx: 64, heightPx: 64, data: new Uint8Array(64 * 64).fill(7) })).toBe(1);
  expect(measureBlockiness({ widthPx: 31, heightPx: 400, data: new Uint8Array(31 * 400) })).toBe(1);
});
