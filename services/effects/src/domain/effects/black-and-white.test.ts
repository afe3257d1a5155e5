import { expect, test } from "vitest";
import { createFlat, createPicture, toEffect, toPixels } from "../../../test/pictures.ts";
import { distances } from "../../../test/reference/threshold.ts";
import { bound, furthest, mapColors, toPicture } from "../../../test/reference/tone-pictures.ts";
import { parseEffects } from "../catalogue/catalogue.ts";
import { applyChain } from "../chain.ts";
import { toEncoded, toLinear } from "../color/color.ts";
import { enhancedRadius } from "./black-and-white.ts";

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

test("enhanced moves encoded greys away from the mean around, with pixels weighted by alpha", async () => {
  for (const channels of [1, 2, 3, 4] as const) {
    const frame = createPicture(150, 41, channels);
    const picture = toPicture(frame);
    const settings = { mode: "luma", enhanced: 70 } as const;
    const around = { level: 50, softness: 0, mix: "luma", adaptive: true, radius: enhancedRadius(150) } as const;
    // At level 50 these are the distances from the mean.
    const away = distances(picture, { ...around, dark: [0, 0, 0], light: [1, 1, 1] });
    const wanted = mapColors(picture, ([r, g, b], x, y) => {
      const grey = 0.299 * r + 0.587 * g + 0.114 * b + 0.7 * (away[y * 150 + x] as number);
      return [grey, grey, grey];
    });
    const result = await applyChain(frame, parseEffects([toEffect("black_and_white", settings)]));
    expect(furthest(result, wanted)).toBeLessThan(bound);
    const faint = parseEffects([
      toEffect("sepia", { amount: 0 }),
      toEffect("black_and_white", settings),
      toEffect("sepia", { amount: 0 }),
    ]);
    expect(furthest(await applyChain(frame, faint), wanted)).toBeLessThan(bound);
  }
});

test("enhanced leaves flat greys as they are and widens an edge's contrast", async () => {
  expect(await greyOf([90, 90, 90], { enhanced: 100 })).toEqual([90, 90, 90]);
  const edge = createFlat(200, 8, [100, 100, 100]);
  for (let i = 0; i < 1600; i++) if (i % 200 >= 100) edge.data.fill(140, i * 3, i * 3 + 3);
  const greys = toPixels(await applyChain(edge, parseEffects([toEffect("black_and_white", { enhanced: 100 })])));
  expect(enhancedRadius(200)).toBe(3);
  // Beside the edge the mean of 7 columns has 3 from the other side: 100 - 40 × 3/7 and 140 + 40 × 3/7.
  expect(greys.slice(95, 105).map(([r]) => r)).toEqual([100, 100, 94, 89, 83, 157, 151, 146, 140, 140]);
});
