import { expect, test } from "vitest";
import { createFlat, createPicture, toEffect, toPixels } from "../../../test/pictures.ts";
import { levelsApart, sizes, toPicture } from "../../../test/reference/glitch-pictures.ts";
import { rgbSplitReference } from "../../../test/reference/rgb-split.ts";
import { parseEffects } from "../catalogue/catalogue.ts";
import { applyChain } from "../chain.ts";

const settings = [
  { shift: 0, angle: 77 },
  { shift: 6, angle: 0 },
  { shift: 5, angle: 90 },
  { shift: 4, angle: 180 },
  { shift: 3, angle: 270 },
  { shift: 2, angle: 360 },
  { shift: 2.5, angle: 0 },
  { shift: 1.25, angle: 90 },
  { shift: 0.2, angle: 45 },
  { shift: 9.9, angle: 211 },
  { shift: 64, angle: 0 },
  { shift: 64, angle: 101 },
];

test.each(sizes)("the result on %i×%i is that of the reference", async (width, height) => {
  for (const channels of [1, 2, 3, 4] as const) {
    const picture = createPicture(width, height, channels);
    for (const one of settings) {
      const wanted = rgbSplitReference(toPicture(picture), one);
      // Half a level of rounding, and the curves' tables.
      expect([one, (await levelsApart(picture, [toEffect("rgb_split", one)], wanted)) < 0.52]).toEqual([one, true]);
    }
  }
});

async function split(frame: ReturnType<typeof createFlat>, shift: number, angle: number): Promise<number[][]> {
  return toPixels(await applyChain(frame, parseEffects([toEffect("rgb_split", { shift, angle })])));
}

/** Returns a black picture of 9×9 with a white pixel in the middle. */
function createPoint() {
  const picture = createFlat(9, 9, [0, 0, 0]);
  picture.data.fill(255, 40 * 3, 41 * 3);
  return picture;
}

test("red moves in the direction of the angle, blue against it, green stays", async () => {
  for (const [angle, right, down] of [
    [0, 3, 0],
    [90, 0, -3],
    [180, -3, 0],
    [270, 0, 3],
  ] as const) {
    const pixels = await split(createPoint(), 3, angle);
    const placeOf = (c: number) => pixels.flatMap((pixel, i) => (pixel[c] === 255 ? [i] : []));
    expect([placeOf(0), placeOf(1), placeOf(2)]).toEqual([[40 + right + 9 * down], [40], [40 - right - 9 * down]]);
  }
});

test("half a pixel shares a point's light between two pixels", async () => {
  const pixels = await split(createPoint(), 0.5, 0);
  // IEC 61966-2-1: half of the light is 188 of 255.
  expect(pixels.slice(39, 42)).toEqual([
    [0, 0, 188],
    [188, 255, 188],
    [188, 0, 0],
  ]);
});

test("an invisible pixel's colour does not appear elsewhere", async () => {
  for (const [shift, angle] of [
    [1, 0],
    [1.5, 0],
    [2.3, 60],
  ] as const) {
    const picture = createFlat(12, 12, [100, 100, 100, 255]);
    for (const i of [40, 41, 77, 90]) picture.data.set([255, 0, 255, 0], i * 4);
    const pixels = await split(picture, shift, angle);
    const visible = pixels.filter(([, , , alpha]) => alpha === 255);
    expect(new Set(visible.map((pixel) => pixel.join()))).toEqual(new Set(["100,100,100,255"]));
  }
});

test.each([3, 4] as const)("before and after another effect, with %i channels", async (channels) => {
  const picture = createPicture(53, 29, channels);
  const [one, other] = [
    { shift: 3.5, angle: 20 },
    { shift: 2, angle: 90 },
  ] as const;
  const wanted = rgbSplitReference(rgbSplitReference(toPicture(picture), one), other);
  const chain = [toEffect("rgb_split", one), toEffect("rgb_split", other)];
  expect(await levelsApart(picture, chain, wanted)).toBeLessThan(0.53);
});
