import { expect, test } from "vitest";
import { createFlat, createPicture, toEffect, toPixels } from "../../../test/pictures.ts";
import { levelsApart, sizes, toPicture } from "../../../test/reference/glitch-pictures.ts";
import { rgbSplitReference } from "../../../test/reference/rgb-split.ts";
import { type ShakeSettings, shakeReference } from "../../../test/reference/shake.ts";
import { parseEffects } from "../catalogue/catalogue.ts";
import { applyChain } from "../chain.ts";

const byDefault: ShakeSettings = { amount: 24, block: 16, density: 60, channels: 20, edge: "repeat", seed: 0 };

const settings: readonly Partial<ShakeSettings>[] = [
  {},
  { edge: "wrap", block: 5, seed: 11 },
  { amount: 256, density: 100, channels: 100, block: 1 },
  { amount: 256, density: 100, channels: 100, block: 1, edge: "wrap", seed: 2_147_483_647 },
  { block: 256, density: 100, channels: 0 },
  { amount: 0 },
  { density: 0 },
  { amount: 3.4, block: 2.5 },
];

test.each(sizes)("the result on %i×%i is that of the reference", async (width, height) => {
  for (const channels of [1, 2, 3, 4] as const) {
    const picture = createPicture(width, height, channels);
    for (const one of settings) {
      const wanted = shakeReference(toPicture(picture), { ...byDefault, ...one });
      // Samples are moved, not changed.
      expect(await levelsApart(picture, [toEffect("shake", one)], wanted)).toBeLessThan(1e-4);
    }
  }
});

/** Returns how far each row of a picture of 513 columns moved, from a white column in its middle; `c` is the channel. */
async function offsets(one: Partial<ShakeSettings>, c = 0): Promise<number[]> {
  const [width, height, middle] = [513, 600, 256];
  const picture = createFlat(width, height, [0, 0, 0]);
  for (let y = 0; y < height; y++) picture.data.fill(255, (y * width + middle) * 3, (y * width + middle + 1) * 3);
  const { data } = await applyChain(picture, parseEffects([toEffect("shake", one)]));
  return Array.from({ length: height }, (_, y) => {
    let x = 0;
    while (data[(y * width + x) * 3 + c] !== 255) x += 1;
    return x - middle;
  });
}

test("displacements stay within the amount to both sides, and bands have the mean height", async () => {
  const all = await offsets({ amount: 60, block: 6, density: 100, channels: 0 });
  expect(Math.max(...all)).toBeLessThanOrEqual(60);
  expect(Math.min(...all)).toBeGreaterThanOrEqual(-60);
  expect(Math.max(...all)).toBeGreaterThan(45);
  expect(Math.min(...all)).toBeLessThan(-45);
  const bands = all.filter((offset, y) => offset !== all[y - 1]).length;
  expect(bands).toBeGreaterThan(85);
  expect(bands).toBeLessThanOrEqual(102);
});

test("the density is the share of the bands that move", async () => {
  const all = await offsets({ block: 1, density: 30, amount: 200 });
  // Four standard errors of a share of 600 rows.
  expect(Math.abs(all.filter((offset) => offset !== 0).length / 600 - 0.3)).toBeLessThan(0.075);
});

test("without a difference of channels they move together", async () => {
  const one = { density: 100, amount: 100 };
  expect(await offsets({ ...one, channels: 0 }, 2)).toEqual(await offsets({ ...one, channels: 0 }, 0));
  expect(await offsets({ ...one, channels: 100 }, 2)).not.toEqual(await offsets({ ...one, channels: 100 }, 0));
});

test("wrapped rows keep their samples", async () => {
  const picture = createPicture(48, 40, 3);
  const result = await applyChain(picture, parseEffects([toEffect("shake", { edge: "wrap", density: 100 })]));
  for (let y = 0; y < 40; y++) {
    for (let c = 0; c < 3; c++) {
      const rowOf = (data: Uint8Array) =>
        [...data.subarray(y * 144, y * 144 + 144)].filter((_, i) => i % 3 === c).sort();
      expect(rowOf(result.data)).toEqual(rowOf(picture.data));
    }
  }
});

test("an invisible pixel's colour does not appear elsewhere", async () => {
  const picture = createFlat(40, 40, [100, 100, 100, 255]);
  for (let i = 0; i < 1600; i += 7) picture.data.set([255, 0, 255, 0], i * 4);
  const effects = parseEffects([toEffect("shake", { density: 100, block: 1, channels: 100 })]);
  const visible = toPixels(await applyChain(picture, effects)).filter(([, , , alpha]) => alpha === 255);
  expect(new Set(visible.map((pixel) => pixel.join()))).toEqual(new Set(["100,100,100,255"]));
});

test("a preview of half the size has the same bands", async () => {
  const picture = (side: number) => {
    const frame = createFlat(side, side, [0, 0, 0]);
    for (let i = 0; i < side * side; i++) if (i % side < side / 2) frame.data.fill(255, i * 3, i * 3 + 3);
    return frame;
  };
  const [effect] = parseEffects([toEffect("shake", { amount: 40, block: 16, channels: 0 })]);
  const edgesOf = (pixels: number[][], side: number) =>
    Array.from(
      { length: side },
      (_, y) => pixels.slice(y * side, (y + 1) * side).filter(([value]) => value === 255).length,
    );
  const full = edgesOf(toPixels(await applyChain(picture(128), [effect!])), 128);
  const half = edgesOf(toPixels(await applyChain(picture(64), [effect!.atScale(0.5)])), 64);
  // A row of the preview lies between two rows; where a band ends between them it may be in either.
  half.forEach((edge, y) => {
    expect(Math.min(...[2 * y, 2 * y + 1].map((row) => Math.abs(2 * edge - full[row]!)))).toBeLessThanOrEqual(2);
  });
  await applyChain(picture(16), [effect!.atScale(0.05)]);
});

test.each([3, 4] as const)("before and after another effect, with %i channels", async (channels) => {
  const picture = createPicture(53, 29, channels);
  const one = { shift: 2.5, angle: 30 };
  const chain = [toEffect("shake"), toEffect("rgb_split", one)];
  const after = rgbSplitReference(shakeReference(toPicture(picture), byDefault), one);
  expect(await levelsApart(picture, chain, after)).toBeLessThan(0.52);
  const before = shakeReference(rgbSplitReference(toPicture(picture), one), byDefault);
  expect(await levelsApart(picture, chain.toReversed(), before)).toBeLessThan(0.52);
});
