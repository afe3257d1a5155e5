import { type Rgb, toRgb } from "./color.ts";
import { type Oklab, toOklab } from "./oklab.ts";
import { type Palette, type PaletteName, palettes } from "./palettes.ts";

/** A byte of a grid that is not known yet. */
const unknownIndex = 255;

const steps = 63;

/**
 * A palette prepared for many lookups: the index of its nearest color for each cell of 64 × 64 × 64 steps of encoded red, green and blue (red in the
 * highest bits): the nearest in OKLab, or by lightness alone for palettes of one hue.
 */
export type PaletteGrid = {
  /** The palette's colours, sRGB-encoded. */
  readonly colors: readonly Rgb[];
  /** The known cells; 255 elsewhere. A picture uses a small part of them. */
  readonly cells: Uint8Array;
  /** Returns the index for a cell, and notes it. */
  readonly learn: (cell: number) => number;
};

const made = new Map<PaletteName, PaletteGrid>();

/** Returns the grid for a palette. It is made on first use and kept (256 KiB each). */
export function paletteGrid(name: PaletteName): PaletteGrid {
  const found = made.get(name) ?? createPaletteGrid(palettes[name]);
  made.set(name, found);
  return found;
}

/** Creates a grid for at most 255 colours. Throws TypeError for a colour that is not `#rrggbb`. */
export function createPaletteGrid(palette: Palette): PaletteGrid {
  const colors = palette.colors.map((text) => {
    const rgb = toRgb(text);
    if (rgb === undefined) throw new TypeError(`Expected a colour as #rrggbb, got ${text}`);
    return rgb;
  });
  const nearest = createNearest(colors.map(toOklab), palette.match);
  const cells = new Uint8Array((steps + 1) ** 3).fill(unknownIndex);
  return {
    colors,
    cells,
    learn(cell) {
      const color: Rgb = [(cell >> 12) / steps, ((cell >> 6) & steps) / steps, (cell & steps) / steps];
      const index = nearest(toOklab(color));
      cells[cell] = index;
      return index;
    },
  };
}

function createNearest(colors: readonly Oklab[], match: Palette["match"]): (color: Oklab) => number {
  const lightnesses = colors.map(([lightness]) => lightness);
  const [darkest, lightest] = [Math.min(...lightnesses), Math.max(...lightnesses)];
  const distance =
    match === "tone"
      ? ([lightness]: Oklab, [of]: Oklab) => Math.abs(darkest + lightness * (lightest - darkest) - of)
      : (x: Oklab, y: Oklab) => (x[0] - y[0]) ** 2 + (x[1] - y[1]) ** 2 + (x[2] - y[2]) ** 2;
  return (color) => {
    let [best, least] = [0, Number.POSITIVE_INFINITY];
    colors.forEach((candidate, index) => {
      const apart = distance(color, candidate);
      if (apart < least) [best, least] = [index, apart];
    });
    return best;
  };
}
