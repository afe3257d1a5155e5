import { describe, expect, test } from "vitest";
import { createFlat, createPicture, toEffect, toPixels } from "../../../test/pictures.ts";
import { sharpenReference } from "../../../test/reference/lightness.ts";
import { farthest, toRgba } from "../../../test/reference/planes.ts";
import { parseEffect } from "../catalogue/catalogue.ts";
import { applyChain } from "../chain.ts";
import { toOklab } from "../color/oklab.ts";

type Settings = Partial<Record<"amount" | "radius" | "threshold" | "halo", number>>;

// Half a level from rounding, the rest from curves, cube roots and sums in single precision, times amounts of up to 5.
const bound = 0.6;

const settings: readonly Settings[] = [
  {},
  { amount: 0 },
  { amount: 500, threshold: 0, halo: 100 },
  { amount: 300, halo: 1 },
  { radius: 0.2, amount: 500 },
  { radius: 5.3, threshold: 10 },
  { threshold: 64 },
];

function sharpened(picture: Parameters<typeof applyChain>[0], one: Settings, factor = 1) {
  return applyChain(picture, [parseEffect(toEffect("sharpen", one)).atScale(factor)]);
}

describe.each([
  [1, 1],
  [1, 37],
  [37, 1],
  [83, 41],
])("on a picture of %i×%i", (width, height) => {
  test.each([1, 2, 3, 4] as const)("results with %i channels are those of the reference", async (channels) => {
    const picture = createPicture(width, height, channels);
    for (const one of settings) {
      expect(farthest(await sharpened(picture, one), sharpenReference(toRgba(picture), one))).toBeLessThan(bound);
    }
  });
});

test("a grey edge gets steeper, and its colour stays grey", async () => {
  const data = Uint8Array.from({ length: 20 }, (_, x) => (x < 10 ? 90 : 150));
  const pixels = toPixels(await sharpened({ ...createFlat(20, 1, [0]), data }, {}));
  expect(pixels[9]![0]).toBeLessThan(85);
  expect(pixels[10]![0]).toBeGreaterThan(155);
  for (const [r, g, b] of pixels) expect([g, b]).toEqual([r, r]);
});

test("hue and chroma stay where no sample is clipped", async () => {
  const data = Uint8Array.from({ length: 60 }, (_, i) => (i < 30 ? [120, 90, 100] : [150, 130, 110])[i % 3]!);
  const picture = { ...createFlat(20, 1, [0, 0, 0]), data };
  const [before, after] = [toPixels(picture), toPixels(await sharpened(picture, { threshold: 0 }))];
  after.forEach((pixel, x) => {
    const toLab = ([r, g, b]: number[]) => toOklab([r! / 255, g! / 255, b! / 255]);
    const [lab, wanted] = [toLab(pixel), toLab(before[x]!)];
    // A rounded sample moves a and b by less than this.
    expect(Math.abs(lab[1] - wanted[1])).toBeLessThan(0.003);
    expect(Math.abs(lab[2] - wanted[2])).toBeLessThan(0.003);
  });
});

test("in a smaller and smaller preview the change fades away", async () => {
  const picture = createPicture(40, 30, 3);
  const changes: number[] = [];
  for (const factor of [1, 0.5, 0.25, 0.1, 0.05]) {
    changes.push(farthest(await sharpened(picture, { threshold: 0 }, factor), toRgba(picture)));
  }
  expect(changes).toEqual(changes.toSorted((a, b) => b - a));
  expect(changes.at(-1)).toBe(0);
});

test("colours of invisible pixels have no effect on visible ones", async () => {
  const picture = createPicture(30, 20, 4);
  const hidden = { ...picture, data: picture.data.slice() };
  for (let i = 0; i < picture.data.length; i += 12) {
    picture.data[i + 3] = 0;
    hidden.data.set([255, 0, 255, 0], i);
  }
  const visible = (pixels: number[][]) => pixels.filter((pixel) => pixel[3] !== 0);
  for (const radius of [1, 9]) {
    const [one, other] = [await sharpened(picture, { radius }), await sharpened(hidden, { radius })];
    expect(visible(toPixels(one))).toEqual(visible(toPixels(other)));
  }
});

test("in a chain it works on the floats of the effect before it", async () => {
  const picture = createPicture(37, 23, 4);
  const [mild, strong] = [
    { amount: 80, threshold: 0 },
    { amount: 150, radius: 6 },
  ];
  const chain = [mild, strong].map((one) => parseEffect(toEffect("sharpen", one)));
  // The halo limit and white bound what is between: clipped samples are the same in both.
  const wanted = sharpenReference(sharpenReference(toRgba(picture), mild), strong);
  expect(farthest(await applyChain(picture, chain), wanted)).toBeLessThan(bound);
});
