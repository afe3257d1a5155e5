import { expect, test } from "vitest";
import { toPaletteEffect } from "../../../test/palette-effects.ts";
import { createFlat, createPicture, toPixels } from "../../../test/pictures.ts";
import { parseEffects } from "../catalogue/catalogue.ts";
import { applyChain } from "../chain.ts";
import { type Rgb, toEncoded, toLinear } from "../color/color.ts";
import { toOklab } from "../color/oklab.ts";
import { paletteNames, palettes } from "../color/palettes.ts";

async function retro(frame: ReturnType<typeof createPicture>, settings: Record<string, number | string>) {
  return applyChain(frame, parseEffects([toPaletteEffect("retro_8bit", settings)]));
}

/** Returns the OKLab of the mean light of a picture. */
function meanLab(frame: ReturnType<typeof createPicture>) {
  const pixels = toPixels(frame);
  const sums = pixels.reduce((sum, pixel) => sum.map((light, c) => light + toLinear(pixel[c]! / 255)), [0, 0, 0]);
  const [lightness, a, b] = toOklab(sums.map((light) => toEncoded(light / pixels.length)) as unknown as Rgb);
  return { lightness, chroma: Math.hypot(a, b), hue: (Math.atan2(b, a) * 180) / Math.PI };
}

const toHexByte = (value: number) => value.toString(16).padStart(2, "0");

const toHex = (pixel: number[]) =>
  `#${pixel
    .slice(0, 3)
    .map((value) => value.toString(16).padStart(2, "0"))
    .join("")}`;

test.each(paletteNames)("%s: only colours of the palette, in cells of the pixel size", async (palette) => {
  for (const size of [1, 4, 7]) {
    const pixels = toPixels(await retro(createPicture(42, 30, 3), { palette, pixel_size: size })).map(toHex);
    const allowed: readonly string[] = palettes[palette].colors;
    expect(pixels.every((color) => allowed.includes(color))).toBe(true);
    pixels.forEach((color, i) => {
      const [x, y] = [i % 42, Math.floor(i / 42)];
      expect(color).toBe(pixels[(y - (y % size)) * 42 + x - (x % size)]);
    });
  }
});

test("a flat colour stays flat without dither, and is mixed from several colours with it", async () => {
  const count = async (dither: number) =>
    new Set(
      toPixels(await retro(createFlat(64, 64, [120, 90, 60]), { palette: "c64", pixel_size: 2, dither })).map(toHex),
    ).size;
  expect(await count(0)).toBe(1);
  expect(await count(80)).toBeGreaterThan(1);
});

test("scan lines darken the lowest third of each coarse row and nothing else", async () => {
  const flat = createFlat(12, 24, [255, 255, 255]);
  const bright = toPixels(await retro(flat, { palette: "cga", dither: 0 }));
  const lined = toPixels(await retro(flat, { palette: "cga", dither: 0, scanlines: 100 }));
  bright.forEach((pixel, i) => {
    const row = Math.floor(i / 12) % 6;
    expect(lined[i]).toEqual(row < 4 ? pixel : [0, 0, 0]);
  });
});

// Dark and light skin of the ColorChecker (X-Rite, sRGB values of the chart), and shades of three portraits.
test.each([
  [115, 82, 68],
  [194, 150, 130],
  [133, 108, 96],
  [88, 68, 55],
  [201, 164, 145],
])("skin of %i, %i, %i keeps its hue and chroma with the default settings", async (...skin) => {
  const flat = createFlat(96, 96, skin);
  const [before, after] = [meanLab(flat), meanLab(await retro(flat, {}))];
  expect(after.chroma).toBeGreaterThan(0.8 * before.chroma);
  expect(after.chroma).toBeLessThan(1.25 * before.chroma);
  expect(Math.abs(after.hue - before.hue)).toBeLessThan(10);
  expect(after.lightness).toBeCloseTo(before.lightness, 1);
});

test("at full strength the mean light of colours within the palette is kept", async () => {
  for (const palette of ["nes", "cga", "ega", "c64"]) {
    const flat = createFlat(48, 48, [140, 120, 110]);
    const [before, after] = [meanLab(flat), meanLab(await retro(flat, { palette, dither: 100, pixel_size: 1 }))];
    // A sixteenth of the pattern is the smallest change.
    expect(Math.abs(after.lightness - before.lightness)).toBeLessThan(0.02);
    expect(Math.abs(after.chroma - before.chroma)).toBeLessThan(0.02);
  }
});

test("a custom palette of two or 256 colours prints only these", async () => {
  const shades = Array.from({ length: 256 }, (_, i) => `#${[i, 255 - i, (i * 7) % 256].map(toHexByte).join("")}`);
  for (const custom of [["#204060", "#ffe0a0"], shades]) {
    const picture = createPicture(83, 41, 3);
    const pixels = toPixels(await retro(picture, { palette: "custom", colors: custom.join(" "), pixel_size: 1 }));
    const seen = new Set(pixels.map(toHex));
    expect([...seen].filter((color) => !custom.includes(color))).toEqual([]);
    expect(seen.size).toBeGreaterThan(custom.length === 2 ? 1 : 60);
  }
});

test("an adaptive palette prints at most so many colours, and those of the picture if there are as few", async () => {
  for (const count of [2, 16, 256]) {
    const settings = { palette: "adaptive", adaptive_colors: count, pixel_size: 2 };
    const seen = new Set(toPixels(await retro(createPicture(83, 41, 3), settings)).map(toHex));
    expect(seen.size).toBeLessThanOrEqual(count);
    expect(seen.size).toBeGreaterThan(count / 3);
  }
  const picture = createFlat(40, 40, [30, 90, 200]);
  for (let i = 0; i < 800; i++) picture.data.set(i % 40 < 20 ? [240, 180, 60] : [250, 250, 250], i * 3);
  expect((await retro(picture, { palette: "adaptive", pixel_size: 4 })).data).toEqual(picture.data);
});

test.each([
  ["one colour", "#204060"],
  ["257 colours", new Array(257).fill("#204060").join(" ")],
  ["another form", "red blue"],
])("a custom palette of %s is refused", async (_, custom) => {
  await expect(retro(createPicture(4, 4, 3), { palette: "custom", colors: custom })).rejects.toThrow(/colors/);
});
