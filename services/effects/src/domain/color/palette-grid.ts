import { type Rgb, toRgb } from "./color.ts";
import { toOklab } from "./oklab.ts";
import { type PaletteName, palettes } from "./palettes.ts";

/** A byte of a grid that is not known yet. */
const unknownIndex = 255;

const steps = 63;

/**
 * A palette of one hue prepared for many lookups: the index of a color for each cell of 64 × 64 × 64 steps of encoded red, green and blue (red in the
 * highest bits), by lightness in OKLab, from black to white over the palette's own range.
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
  const found = made.get(name) ?? createPaletteGrid(palettes[name].colors);
  made.set(name, found);
  return found;
}

/** Creates a grid for at most 255 colours. Throws TypeError for a colour that is not `#rrggbb`. */
export function createPaletteGrid(texts: readonly string[]): PaletteGrid {
  const colors = texts.map((text) => {
    const rgb = toRgb(text);
    if (rgb === undefined) throw new TypeError(`Expected a colour as #rrggbb, got ${text}`);
    return rgb;
  });
  const nearest = createNearest(colors.map((color) => toOklab(color)[0]));
  const cells = new Uint8Array((steps + 1) ** 3).fill(unknownIndex);
  return {
    colors,
    cells,
    learn(cell) {
      const color: Rgb = [(cell >> 12) / steps, ((cell >> 6) & steps) / steps, (cell & steps) / steps];
      const index = nearest(toOklab(color)[0]);
      cells[cell] = index;
      return index;
    },
  };
}

function createNearest(lightnesses: readonly number[]): (lightness: number) => number {
  const [darkest, lightest] = [Math.min(...lightnesses), Math.max(...lightnesses)];
  return (lightness) => {
    const wanted = darkest + lightness * (lightest - darkest);
    let [best, least] = [0, Number.POSITIVE_INFINITY];
    lightnesses.forEach((candidate, index) => {
      const apart = Math.abs(wanted - candidate);
      if (apart < least) [best, least] = [index, apart];
    });
    return best;
  };
}
