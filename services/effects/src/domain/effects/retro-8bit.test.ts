import { expect, test } from "vitest";
import { createFlat, createPicture, toEffect, toPixels } from "../../../test/pictures.ts";
import { parseEffects } from "../catalogue/catalogue.ts";
import { applyChain } from "../chain.ts";
import { paletteNames, palettes } from "../color/palettes.ts";

async function retro(frame: ReturnType<typeof createPicture>, settings: Record<string, number | string>) {
  return applyChain(frame, parseEffects([toEffect("retro_8bit", settings)]));
}

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
