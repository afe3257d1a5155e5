import { expect, test } from "vitest";
import { createFlat, createPicture, toEffect, toPixels } from "../../../test/pictures.ts";
import { parseEffects } from "../catalogue/catalogue.ts";
import { applyChain } from "../chain.ts";
import { toEncoded, toLinear } from "../color/color.ts";

async function greyOf(samples: number[], settings: Record<string, number | string> = {}): Promise<number[]> {
  const frame = await applyChain(createFlat(1, 1, samples), parseEffects([toEffect("black_and_white", settings)]));
  return toPixels(frame)[0]!;
}

test("luminance is BT.709 in linear light", async () => {
  for (const [r, g, b] of [
    [255, 0, 0],
    [0, 255, 0],
    [0, 0, 255],
    [200, 100, 50],
    [3, 2, 1],
    [255, 255, 255],
  ] as const) {
    const luminance = 0.2126 * toLinear(r / 255) + 0.7152 * toLinear(g / 255) + 0.0722 * toLinear(b / 255);
    const expected = Math.round(255 * toEncoded(luminance));
    expect(await greyOf([r, g, b])).toEqual([expected, expected, expected]);
  }
});

test("luma is BT.601 and average the mean, both of encoded values", async () => {
  expect(await greyOf([200, 100, 50], { mode: "luma" })).toEqual([124, 124, 124]);
  expect(await greyOf([200, 100, 60], { mode: "average" })).toEqual([120, 120, 120]);
});

test("a filter lightens its own colour against the others", async () => {
  const red = async (mode: string) => (await greyOf([220, 40, 40], { mode }))[0]!;
  expect(await red("red_filter")).toBeGreaterThan(await red("orange_filter"));
  expect(await red("orange_filter")).toBeGreaterThan(await red("luminance"));
  expect(await red("luminance")).toBeGreaterThan(await red("green_filter"));
  const sky = async (mode: string) => (await greyOf([80, 130, 220], { mode }))[0]!;
  expect(await sky("red_filter")).toBeLessThan(await sky("yellow_filter"));
  expect(await sky("yellow_filter")).toBeLessThan(await sky("blue_filter"));
  for (const mode of ["red_filter", "green_filter", "blue_filter"])
    expect(await greyOf([90, 90, 90], { mode })).toEqual([90, 90, 90]);
});

test("contrast is a factor around mid-grey, like CSS contrast()", async () => {
  // Filter Effects Module Level 1: slope = amount, intercept = -(0.5 * amount) + 0.5, on sRGB samples; computed by hand.
  for (const [grey, contrast, expected] of [
    [60, 1.4, 33],
    [128, 1.4, 128],
    [200, 1.4, 229],
    [240, 1.4, 255],
    [60, 0.5, 94],
    [60, 1, 60],
    [200, 0, 128],
    [120, 10, 53],
    [140, 10, 253],
    [120, 100, 0],
    [140, 100, 255],
  ] as const)
    expect([grey, contrast, await greyOf([grey, grey, grey], { contrast })]).toEqual([
      grey,
      contrast,
      [expected, expected, expected],
    ]);
  await expect(greyOf([60, 60, 60], { contrast: -1 })).rejects.toThrow("a number from 0 to 100, got `-1`");
});

test("brightness adds to all greys", async () => {
  expect(await greyOf([60, 60, 60], { brightness: 20 })).toEqual([111, 111, 111]);
  expect(await greyOf([60, 60, 60], { brightness: -100 })).toEqual([0, 0, 0]);
});

test("a tint colours mid-tones and keeps black and white neutral", async () => {
  const sepia = { tint: "#a08060" };
  const [r, g, b] = (await greyOf([128, 128, 128], sepia)) as [number, number, number];
  expect(r).toBeGreaterThan(g);
  expect(g).toBeGreaterThan(b);
  expect(await greyOf([0, 0, 0], sepia)).toEqual([0, 0, 0]);
  expect(await greyOf([255, 255, 255], sepia)).toEqual([255, 255, 255]);
});

test("grain keeps the mean, grows with its setting, and repeats only for the same seed", async () => {
  const grain = async (settings: Record<string, number>) => {
    const frame = await applyChain(
      createFlat(128, 128, [128, 128, 128]),
      parseEffects([toEffect("black_and_white", settings)]),
    );
    const greys = toPixels(frame).map((pixel) => pixel[0]!);
    const mean = greys.reduce((sum, grey) => sum + grey, 0) / greys.length;
    return {
      greys,
      mean,
      deviation: Math.sqrt(greys.reduce((sum, grey) => sum + (grey - mean) ** 2, 0) / greys.length),
    };
  };
  const [weak, strong] = [await grain({ grain: 20 }), await grain({ grain: 60 })];
  expect(weak.mean).toBeCloseTo(128, 0);
  // 20 % of 0.4 × 255 × √(1/6).
  expect(weak.deviation).toBeCloseTo(8.33, 0);
  expect(strong.deviation / weak.deviation).toBeCloseTo(3, 1);
  expect((await grain({ grain: 20 })).greys).toEqual(weak.greys);
  expect((await grain({ grain: 20, seed: 1 })).greys).not.toEqual(weak.greys);
});

test("without a tint the result is grey everywhere", async () => {
  const frame = await applyChain(
    createPicture(40, 30, 3),
    parseEffects([toEffect("black_and_white", { grain: 50, contrast: 1.2 })]),
  );
  expect(toPixels(frame).every(([r, g, b]) => r === g && g === b)).toBe(true);
});
