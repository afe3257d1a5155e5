import fc from "fast-check";
import { expect, test } from "vitest";
import { paletteLookup } from "../../../test/reference/palette-lookup.ts";
import { type Rgb, toRgb } from "./color.ts";
import { toOklab } from "./oklab.ts";
import { createPaletteGrid } from "./palette-grid.ts";
import { paletteNames, palettes } from "./palettes.ts";

test("palettes have the sizes of their hardware", () => {
  const sizes = Object.fromEntries(paletteNames.map((name) => [name, new Set(palettes[name].colors).size]));
  expect(sizes).toEqual({ gameboy: 4, nes: 54, c64: 16, cga: 16, zx_spectrum: 15, pico8: 16 });
});

test("every colour of a palette is its own nearest colour", () => {
  for (const name of paletteNames.filter((candidate) => palettes[candidate].match === "color")) {
    const { colors, indexOf } = paletteLookup(name);
    colors.forEach((color, index) => {
      expect(indexOf(...color)).toBe(index);
    });
  }
});

test("the found colour is the nearest in OKLab, within the lookup's 64 steps", () => {
  const unit = fc.double({ min: 0, max: 1, noNaN: true });
  const distance = (a: Rgb, b: Rgb) => {
    const [x, y] = [toOklab(a), toOklab(b)];
    return Math.hypot(x[0] - y[0], x[1] - y[1], x[2] - y[2]);
  };
  fc.assert(
    fc.property(
      fc.constantFrom("nes", "c64", "cga", "pico8", "zx_spectrum"),
      fc.tuple(unit, unit, unit),
      (name, rgb) => {
        const { colors, indexOf } = paletteLookup(name);
        const onGrid = rgb.map((value) => Math.round(value * 63) / 63) as [number, number, number];
        const moved = distance(rgb, onGrid);
        const best = Math.min(...colors.map((color) => distance(rgb, color)));
        expect(distance(rgb, colors[indexOf(...rgb)]!)).toBeLessThanOrEqual(best + 2 * moved + 1e-9);
      },
    ),
  );
});

test("a palette of one hue maps black to white over its own range, in order", () => {
  const { colors, indexOf } = paletteLookup("gameboy");
  const used = Array.from({ length: 256 }, (_, grey) => indexOf(grey / 255, grey / 255, grey / 255));
  expect(used).toEqual([...used].sort((a, b) => a - b));
  expect(new Set(used).size).toBe(colors.length);
  expect(colors[used[0]!]).toEqual(toRgb("#0f380f"));
});

test("a palette with an invalid colour is refused", () => {
  expect(() => createPaletteGrid({ match: "color", colors: ["green"] })).toThrow(TypeError);
});
