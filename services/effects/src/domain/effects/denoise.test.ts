import { describe, expect, test } from "vitest";
import { createFlat, createPicture, toEffect, toPixels } from "../../../test/pictures.ts";
import { denoiseReference, exact } from "../../../test/reference/denoise.ts";
import { farthest, toRgba } from "../../../test/reference/planes.ts";
import { parseEffect } from "../catalogue/catalogue.ts";
import { applyChain } from "../chain.ts";
import { hash32 } from "../draw/noise.ts";

type Settings = { strength?: number; radius?: number; color?: number };

// Half a level from rounding, the rest from curves, cube roots and sums in single precision.
const bound = 0.52;

function denoised(picture: Parameters<typeof applyChain>[0], one: Settings, factor = 1) {
  return applyChain(picture, [parseEffect(toEffect("denoise", one)).atScale(factor)]);
}

describe.each([
  [1, 1],
  [1, 37],
  [37, 1],
  [43, 21],
])("on a picture of %i×%i", (width, height) => {
  test.each([1, 2, 3, 4] as const)("results with %i channels are those of the reference", async (channels) => {
    const picture = createPicture(width, height, channels);
    for (const one of [{}, { strength: 100, radius: 8 }, { strength: 10, radius: 4.4, color: 30 }, { strength: 0 }]) {
      expect(farthest(await denoised(picture, one), denoiseReference(toRgba(picture), one))).toBeLessThan(bound);
    }
  });
});

test("it is near the bilateral filter with a Gaussian of colours", async () => {
  const picture = createPicture(43, 31, 3);
  const one = { strength: 30, radius: 3 };
  expect(farthest(await denoised(picture, one), denoiseReference(toRgba(picture), one, exact))).toBeLessThan(4);
});

test("noise gets smaller by more than half, and an edge stays", async () => {
  const width = 64;
  const noise = (i: number) => (hash32(i) % 25) - 12;
  const level = (i: number) => (i % width < 32 ? 70 : 190) + noise(i);
  const picture = { ...createFlat(width, 40, [0]), data: Uint8Array.from({ length: width * 40 }, (_, i) => level(i)) };
  const result = toPixels(await denoised(picture, {})).map(([grey]) => grey!);
  const deviation = (values: number[]) => {
    const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
    return Math.sqrt(values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / values.length);
  };
  const left = (values: ArrayLike<number>) => Array.from(values).filter((_, i) => i % width < 32);
  const right = (values: ArrayLike<number>) => Array.from(values).filter((_, i) => i % width >= 32);
  expect(deviation(left(result))).toBeLessThan(deviation(left(picture.data)) / 2);
  expect(deviation(right(result))).toBeLessThan(deviation(right(picture.data)) / 2);
  expect(Math.max(...left(result))).toBeLessThan(90);
  expect(Math.min(...right(result))).toBeGreaterThan(170);
});

test("in a smaller and smaller preview the change fades away", async () => {
  const picture = createPicture(40, 30, 3);
  const changes: number[] = [];
  for (const factor of [1, 0.5, 0.2, 0.05, 0.005]) {
    changes.push(farthest(await denoised(picture, { radius: 1 }, factor), toRgba(picture)));
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
  const [one, other] = [await denoised(picture, { radius: 5 }), await denoised(hidden, { radius: 5 })];
  expect(visible(toPixels(one))).toEqual(visible(toPixels(other)));
});

test("before and after another effect, values are those of the floats between them", async () => {
  const picture = createPicture(23, 17, 4);
  const [first, second] = [{ strength: 30 }, { strength: 60, radius: 2, color: 50 }];
  const chain = [first, second].map((one) => parseEffect(toEffect("denoise", one)));
  const wanted = denoiseReference(denoiseReference(toRgba(picture), first), second);
  expect(farthest(await applyChain(picture, chain), wanted)).toBeLessThan(bound);
});
