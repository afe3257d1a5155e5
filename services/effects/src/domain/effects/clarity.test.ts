import { describe, expect, test } from "vitest";
import { createFlat, createPicture, toEffect, toPixels } from "../../../test/pictures.ts";
import { clarityReference } from "../../../test/reference/lightness.ts";
import { farthest, toRgba } from "../../../test/reference/planes.ts";
import { parseEffect } from "../catalogue/catalogue.ts";
import { applyChain } from "../chain.ts";

type Settings = { amount?: number; radius?: number };

// Half a level from rounding, the rest from curves, cube roots and sums in single precision.
const bound = 0.52;

function clarified(picture: Parameters<typeof applyChain>[0], one: Settings, factor = 1) {
  return applyChain(picture, [parseEffect(toEffect("clarity", one)).atScale(factor)]);
}

describe.each([
  [1, 1],
  [1, 37],
  [37, 1],
  [43, 21],
])("on a picture of %i×%i", (width, height) => {
  test.each([1, 2, 3, 4] as const)("results with %i channels are those of the reference", async (channels) => {
    const picture = createPicture(width, height, channels);
    for (const one of [{ amount: 100, radius: 4 }, { radius: 9 }, { amount: -100, radius: 13.7 }, { amount: 0 }]) {
      expect(farthest(await clarified(picture, one), clarityReference(toRgba(picture), one))).toBeLessThan(bound);
    }
  });
});

test("the largest radius has the result of the reference", async () => {
  const picture = createPicture(12, 9, 4);
  const one = { amount: 100, radius: 100 };
  expect(farthest(await clarified(picture, one), clarityReference(toRgba(picture), one))).toBeLessThan(bound);
});

test("relief of mid-tones grows, black and white stay", async () => {
  const around = (x: number, low: number, high: number) => (Math.floor(x / 8) % 2 === 0 ? low : high);
  const row = (low: number, high: number) => ({
    ...createFlat(64, 1, [0]),
    data: Uint8Array.from({ length: 64 }, (_, x) => around(x, low, high)),
  });
  const spanOf = async (low: number, high: number, amount: number) => {
    const levels = toPixels(await clarified(row(low, high), { amount })).map(([level]) => level!);
    return levels[28]! - levels[20]! > 0 ? levels[28]! - levels[20]! : levels[20]! - levels[28]!;
  };
  expect(await spanOf(110, 140, 60)).toBeGreaterThan(40);
  expect(await spanOf(110, 140, -60)).toBeLessThan(20);
  const ends = toPixels(await clarified(row(0, 255), { amount: 100 })).map(([level]) => level);
  expect(new Set(ends)).toEqual(new Set([0, 255]));
});

test("in a smaller and smaller preview the change fades away", async () => {
  const picture = createPicture(40, 30, 3);
  const last = await clarified(picture, { radius: 4 }, 0.05);
  expect(farthest(last, toRgba(picture))).toBe(0);
});

test("before and after another effect, values are those of the floats between them", async () => {
  const picture = createPicture(37, 23, 4);
  const [first, second] = [
    { amount: 40, radius: 7 },
    { amount: -60, radius: 12 },
  ];
  const chain = [first, second].map((one) => parseEffect(toEffect("clarity", one)));
  const wanted = clarityReference(clarityReference(toRgba(picture), first), second);
  expect(farthest(await applyChain(picture, chain), wanted)).toBeLessThan(bound);
});
