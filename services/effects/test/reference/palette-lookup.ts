import type { Rgb } from "../../src/domain/color/color.ts";
import { paletteGrid } from "../../src/domain/color/palette-grid.ts";
import type { PaletteName } from "../../src/domain/color/palettes.ts";

/** A palette's colours, and the index of the colour for an sRGB-encoded one, in 64 steps a channel. */
export type PaletteLookup = {
  readonly colors: readonly Rgb[];
  readonly indexOf: (red: number, green: number, blue: number) => number;
};

/** Returns the lookup for a palette. */
export function paletteLookup(name: PaletteName): PaletteLookup {
  const { colors, cells, learn } = paletteGrid(name);
  return {
    colors,
    indexOf(red, green, blue) {
      const [r, g, b] = [Math.round(red * 63), Math.round(green * 63), Math.round(blue * 63)];
      const cell = (r << 12) | (g << 6) | b;
      const known = cells[cell] as number;
      return known === 255 ? learn(cell) : known;
    },
  };
}
