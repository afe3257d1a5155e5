import { expect, test } from "vitest";
import { paletteLookup } from "../../../test/reference/palette-lookup.ts";
import { toRgb } from "./color.ts";
import { createPaletteGrid } from "./palette-grid.ts";
import { paletteNames, palettes } from "./palettes.ts";

test("palettes have the sizes of their hardware", () => {
  const sizes = Object.fromEntries(paletteNames.map((name) => [name, new Set(palettes[name].colors).size]));
  expect(sizes).toEqual({ gameboy: 4, nes: 54, c64: 16, cga: 16, ega: 64, zx_spectrum: 15, pico8: 16 });
});

test("the palette of the EGA holds the colours of the CGA", () => {
  const ega: readonly string[] = palettes.ega.colors;
  expect(palettes.cga.colors.filter((color) => !ega.includes(color))).toEqual([]);
});

test("a palette of one hue maps black to white over its own range, in order", () => {
  const { colors, indexOf } = paletteLookup("gameboy");
  const used = Array.from({ length: 256 }, (_, grey) => indexOf(grey / 255, grey / 255, grey / 255));
  expect(used).toEqual([...used].sort((a, b) => a - b));
  expect(new Set(used).size).toBe(colors.length);
  expect(colors[used[0]!]).toEqual(toRgb("#0f380f"));
});

test("a palette with an invalid colour is refused", () => {
  expect(() => createPaletteGrid(["green"])).toThrow(TypeError);
});
