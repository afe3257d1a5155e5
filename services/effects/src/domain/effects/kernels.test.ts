import { readFileSync } from "node:fs";
import { decodePicture, defaultLimits, type Frame, resizeFrame } from "@pixelmesh/imaging";
import type { Effect } from "@pixelmesh/proto";
import { describe, expect, test } from "vitest";
import { toPaletteEffect } from "../../../test/palette-effects.ts";
import { createPicture, toEffect } from "../../../test/pictures.ts";
import { applyReference } from "../../../test/reference/reference.ts";
import { parseEffects } from "../catalogue/catalogue.ts";
import { applyChain } from "../chain.ts";

type Settings = Record<string, number | string | boolean>;

// Settings that take different ways through the kernels.
const settings: Readonly<Record<string, readonly Settings[]>> = {
  black_and_white: [
    {},
    ...["luma", "average", "red_filter", "orange_filter", "yellow_filter", "green_filter", "blue_filter"].map(
      (mode): Settings => ({ mode }),
    ),
    { contrast: 1.4, brightness: -7 },
    { contrast: 100 },
    { contrast: 0 },
    { brightness: 100 },
    { grain: 35, contrast: 0.9 },
    { grain: 100, grain_size: 3, seed: 2_147_483_647, mode: "luma" },
    { tint: "#a08060", brightness: 10 },
  ],
  pop_art: [
    {},
    { outline: 0 },
    { outline: 100, outline_width: 8 },
    { dot_size: 0, outline_width: 3 },
    { dot_size: 2.5, dot_angle: 0, levels: 12 },
    { dot_size: 64, dot_angle: 77, levels: 2, palette: "mono" },
    { palette: "original" },
    { palette: "original", saturation: 300, levels: 3, dot_size: 0, outline: 0 },
    { palette: "neon", saturation: 0, levels: 7 },
  ],
  retro_8bit: [
    {},
    ...["gameboy", "c64", "cga", "zx_spectrum", "pico8"].map((palette): Settings => ({ palette, pixel_size: 2 })),
    { palette: "ega", pixel_size: 1, dither: 75 },
    { palette: "custom", colors: "#102030, #ffe0c0 #C02040 #102030", pixel_size: 3 },
    { pixel_size: 1, dither: 100 },
    { pixel_size: 1, dither: 0 },
    { pixel_size: 64, dither: 0 },
    { scanlines: 45 },
    { scanlines: 100, pixel_size: 1 },
  ],
  dither: [
    ...["floyd_steinberg", "atkinson", "jarvis", "bayer2", "bayer4", "bayer8", "blue_noise", "threshold"].flatMap(
      (method): Settings[] => [
        { method },
        { method, mode: "color", dark: "#102030", light: "#fff0e0" },
        { method, levels: 3, serpentine: false },
        { method, levels: 16, mode: "color", linear_light: false, strength: 63 },
      ],
    ),
    ...["stucki", "burkes", "sierra", "sierra_two_row", "sierra_lite"].flatMap((method): Settings[] => [
      { method },
      { method, palette: "cga", linear_light: false },
    ]),
    ...["floyd_steinberg", "jarvis", "bayer4", "blue_noise", "threshold"].flatMap((method): Settings[] => [
      { method, palette: "nes" },
      { method, palette: "pico8", linear_light: false, strength: 63, serpentine: false },
    ]),
    { palette: "gameboy" },
    { palette: "gameboy", linear_light: false, method: "bayer4" },
    { palette: "custom", colors: "#000000 #00ff80 #ff0080 #ffffff #808080", scale: 2 },
    { palette: "custom", method: "jarvis" },
    { scale: 5 },
    { scale: 32, mode: "color", method: "jarvis" },
  ],
};

async function expectEqual(frame: Frame, effects: readonly Effect[]): Promise<void> {
  const chain = parseEffects(effects);
  const [result, wanted] = [await applyChain(frame, chain), await applyReference(frame, chain)];
  expect([result.widthPx, result.heightPx, result.channels]).toEqual([
    wanted.widthPx,
    wanted.heightPx,
    wanted.channels,
  ]);
  // Not toEqual, which takes seconds for a megabyte.
  if (Buffer.compare(result.data, wanted.data) === 0) return;
  const at = result.data.findIndex((value, i) => value !== wanted.data[i]);
  const place = `sample ${at} of ${frame.widthPx}x${frame.heightPx}x${result.channels}`;
  throw new Error(`Expected ${wanted.data[at]} at ${place}, got ${result.data[at]}: ${JSON.stringify(effects)}`);
}

async function readPhotograph(): Promise<Frame> {
  const file = new URL("../../../../../examples/still-life.jpg", import.meta.url);
  const { frame } = await decodePicture(readFileSync(file), defaultLimits);
  return resizeFrame(frame, 259, 173);
}

describe.each(Object.entries(settings))("the kernels of %s are bit-identical to the reference", (name, all) => {
  test.each([1, 2, 3, 4] as const)("on a drawn picture of %i channels, at many settings", async (channels) => {
    const picture = createPicture(83, 41, channels);
    for (const one of all) await expectEqual(picture, [toPaletteEffect(name, one)]);
  });

  test("on a photograph", async () => {
    const photograph = await readPhotograph();
    for (const one of all) await expectEqual(photograph, [toPaletteEffect(name, one)]);
  });

  test.each([
    [1, 1],
    [1, 19],
    [19, 1],
    [2, 3],
    [16, 2],
    [17, 33],
  ])("on a picture of %i×%i", async (width, height) => {
    for (const channels of [3, 4] as const) {
      for (const one of all) await expectEqual(createPicture(width, height, channels), [toPaletteEffect(name, one)]);
    }
  });

  test.each([3, 4] as const)("before and after other effects, with %i channels", async (channels) => {
    const picture = createPicture(37, 23, channels);
    const faint = toEffect("black_and_white", { contrast: 0.9, tint: "#3060c0" });
    const printed = toEffect("pop_art", { palette: "original", outline: 20, saturation: 140 });
    for (const one of all) {
      const effect = toPaletteEffect(name, one);
      await expectEqual(picture, [effect, printed]);
      await expectEqual(picture, [printed, effect]);
      await expectEqual(picture, [faint, effect, faint]);
    }
  });
});

test("black and white of every thirteenth colour is bit-identical to the reference", async () => {
  const count = 1_290_000;
  const data = new Uint8Array(count * 3);
  for (let i = 0; i < count; i++) data.set([(i * 13) >> 16, (i * 13) >> 8, i * 13], i * 3);
  const picture: Frame = { widthPx: 1_290, heightPx: count / 1_290, channels: 3, data };
  await expectEqual(picture, [toEffect("black_and_white")]);
});

test("the result does not depend on the height of strips", async () => {
  // Wide enough for strips of 21 rows, which no effect's rows divide.
  const picture = createPicture(4_100, 64, 3);
  for (const [name, [byDefault]] of Object.entries(settings)) await expectEqual(picture, [toEffect(name, byDefault)]);
});
