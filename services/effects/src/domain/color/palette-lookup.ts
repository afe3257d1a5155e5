import { type Rgb, toRgb } from "./color.ts";
import { type Oklab, toOklab } from "./oklab.ts";
import { type Palette, type PaletteName, palettes } from "./palettes.ts";

/** A palette prepared for many lookups. */
export type PaletteLookup = {
  /** The palette's colours, sRGB-encoded. */
  readonly colors: readonly Rgb[];
  /**
   * Returns the index of the palette's colour for an sRGB-encoded one: the nearest in OKLab, or by lightness alone for palettes
   * of one hue. Colours are distinguished in 64 steps a channel.
   */
  readonly indexOf: (red: number, green: number, blue: number) => number;
};

const steps = 63;
const unknown = 255;
const made = new Map<PaletteName, PaletteLookup>();

/** Returns the lookup for a palette. It is made on first use and kept (256 KiB each). */
export function paletteLookup(name: PaletteName): PaletteLookup {
  const found = made.get(name) ?? createPaletteLookup(palettes[name]);
  made.set(name, found);
  return found;
}

/** Creates a lookup of at most 255 colours. Throws TypeError for a colour that is not `#rrggbb`. */
export function createPaletteLookup(palette: Palette): PaletteLookup {
  const colors = palette.colors.map((text) => {
    const rgb = toRgb(text);
    if (rgb === undefined) throw new TypeError(`Expected a colour as #rrggbb, got ${text}`);
    return rgb;
  });
  const nearest = createNearest(colors.map(toOklab), palette.match);
  // Filled on demand: a picture uses a small part of it.
  const grid = new Uint8Array((steps + 1) ** 3).fill(unknown);
  return {
    colors,
    indexOf(red, green, blue) {
      const [r, g, b] = [Math.round(red * steps), Math.round(green * steps), Math.round(blue * steps)];
      const cell = (r << 12) | (g << 6) | b;
      const known = grid[cell] as number;
      if (known !== unknown) return known;
      const index = nearest(toOklab([r / steps, g / steps, b / steps]));
      grid[cell] = index;
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
