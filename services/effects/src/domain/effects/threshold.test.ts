import { expect, test } from "vitest";
import { createFlat, toEffect, toPixels } from "../../../test/pictures.ts";
import { distances, type Settings, threshold } from "../../../test/reference/threshold.ts";
import { expectReference, type Picture } from "../../../test/reference/tone-pictures.ts";
import { parseEffects } from "../catalogue/catalogue.ts";
import { applyChain } from "../chain.ts";
import { toRgb } from "../color/color.ts";

const byDefault = {
  level: 50,
  softness: 0,
  mix: "luminance",
  adaptive: false,
  radius: 16,
  dark: "#000000",
  light: "#ffffff",
} as const;

test.each([
  {},
  { level: 0 },
  { level: 100, mix: "luma" },
  { level: 30, mix: "average", dark: "#203040", light: "#ffe0a0" },
  { softness: 100, mix: "luma" },
  { softness: 12, light: "#ff0000" },
  { adaptive: true, radius: 3 },
  { adaptive: true, radius: 1, level: 42.5, mix: "luma" },
  { adaptive: true, radius: 2.4, softness: 20 },
  { adaptive: true, radius: 9, softness: 30, mix: "average" },
] as const)("equals the reference with %j", async (settings) => {
  const all = { ...byDefault, ...settings };
  const wanted: Settings = { ...all, dark: toRgb(all.dark)!, light: toRgb(all.light)! };
  // A grey at the level is decided by the rounding of floats, or of means to multiples of 2^-16; soft edges have no such step.
  const skips = (picture: Picture) => {
    const away = distances(picture, wanted);
    return (pixel: number) => all.softness === 0 && Math.abs(away[pixel]!) < 1e-4;
  };
  await expectReference("threshold", settings, threshold(wanted), skips);
});

test("a grey at the level is light", async () => {
  const of = async (grey: number) =>
    toPixels(await applyChain(createFlat(1, 1, [grey, grey, grey]), parseEffects([toEffect("threshold")])))[0]!;
  expect(await of(128)).toEqual([255, 255, 255]);
  expect(await of(127)).toEqual([0, 0, 0]);
});

test.each(["luminance", "luma", "average"])(
  "a grey at any level is light by %s, and the one below it is dark",
  async (mix) => {
    const ramp = { ...createFlat(256, 1, [0]), data: Uint8Array.from({ length: 256 }, (_, value) => value) };
    for (const level of [20, 40, 60, 80, 100]) {
      const pixels = toPixels(await applyChain(ramp, parseEffects([toEffect("threshold", { mix, level })])));
      expect(pixels.findIndex(([red]) => red === 255)).toBe(Math.round(level * 2.55));
    }
  },
);

test("adaptive finds dark strokes on a page under uneven light", async () => {
  const page = createFlat(200, 40, [0, 0, 0]);
  const isStroke = (x: number) => x % 20 < 2;
  for (let y = 0; y < 40; y++)
    for (let x = 0; x < 200; x++)
      page.data.fill((60 + x * 0.9) * (isStroke(x) ? 0.6 : 1), (y * 200 + x) * 3, (y * 200 + x) * 3 + 3);
  const settings = { adaptive: true, level: 42.5, radius: 10, mix: "luma" };
  const pixels = toPixels(await applyChain(page, parseEffects([toEffect("threshold", settings)])));
  pixels.forEach(([red], i) => {
    expect(red).toBe(isStroke(i % 200) ? 0 : 255);
  });
});

test("invisible pixels do not count in the means around", async () => {
  const frame = createFlat(21, 5, [120, 120, 120, 255]);
  for (let i = 0; i < 105; i++) if (i % 21 >= 11) frame.data.set([255, 255, 255, 0], i * 4);
  const settings = { adaptive: true, level: 50, radius: 4, mix: "luma" };
  const pixels = toPixels(await applyChain(frame, parseEffects([toEffect("threshold", settings)])));
  // The mean of the visible ones is the grey itself.
  for (let i = 0; i < 105; i++) if (i % 21 < 11) expect(pixels[i]).toEqual([255, 255, 255, 255]);
});
