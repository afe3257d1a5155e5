import { type Rgb, toRgb } from "../color/color.ts";
import { fromOklab, type Oklab, toOklab } from "../color/oklab.ts";

// Inks from dark to light, chosen for this project. The picture's lightness selects among them.
const ramps = {
  comic: ["#1b1035", "#d4145a", "#f7931e", "#ffe45c", "#fff8e1"],
  screenprint: ["#12263a", "#06748c", "#f25f5c", "#ffd166", "#fdf6e3"],
  neon: ["#0d0221", "#7b2cbf", "#ff2079", "#00f0ff", "#f5f749"],
  mint: ["#22223b", "#2a6f77", "#4ecdc4", "#c7f9cc", "#fffcf2"],
  mono: ["#000000", "#ffffff"],
};

/** The palettes of inks. */
export type InkPalette = keyof typeof ramps;

/** The inks of one print: a palette, or the picture's own colours, with all hues turned by degrees. */
export type Colorway = { readonly palette: InkPalette | "original"; readonly turn: number };

const series = ["comic", "screenprint", "neon", "mint"] as const;

const quarterTurn = 90;

/**
 * Returns the inks of a tile of a series of `grid` × `grid` prints, row by row, as in A. Warhol's series of portraits. No two are the same, and the first
 * has the palette itself. Palettes of several hues take turns, and their hues turn by a quarter after all four; black and white and the picture's own
 * colours turn by an equal part of the circle from each tile to the next.
 */
export function colorwayOf(palette: Colorway["palette"], grid: number, tile: number): Colorway {
  if (palette === "original" || palette === "mono") return { palette, turn: (360 * tile) / grid ** 2 };
  // Rows as long as the series begin one palette later each, so that none is above itself.
  const later = grid === series.length ? Math.floor(tile / grid) : 0;
  const next = series[(series.indexOf(palette) + tile + later) % series.length] as InkPalette;
  return { palette: next, turn: quarterTurn * Math.floor(tile / series.length) };
}

/** Returns `levels` inks from dark to light, sRGB-encoded. `saturation` 1 keeps the colourfulness of the palette; hues turn by `turn` degrees. */
export function createInks(palette: InkPalette, levels: number, saturation: number, turn = 0): readonly Rgb[] {
  const stops = stopsOf(palette, turn);
  return Array.from({ length: levels }, (_, level) => {
    const place = (level / (levels - 1)) * (stops.length - 1);
    const below = Math.min(Math.floor(place), stops.length - 2);
    const [from, to] = [stops[below] as Oklab, stops[below + 1] as Oklab];
    const mixed = from.map((value, c) => value + ((to[c] as number) - value) * (place - below));
    return fromOklab([mixed[0] as number, (mixed[1] as number) * saturation, (mixed[2] as number) * saturation]);
  });
}

// Light enough for black to stand out, and as vivid as sRGB is at this lightness for most hues.
const paper = { lightness: 0.85, chroma: 0.14 };

function stopsOf(palette: InkPalette, turn: number): readonly Oklab[] {
  const stops = ramps[palette].map((text) => toOklab(toRgb(text) as Rgb));
  if (turn === 0) return stops;
  const [cos, sin] = [Math.cos((turn * Math.PI) / 180), Math.sin((turn * Math.PI) / 180)];
  // White has no hue to turn: black is printed on coloured paper.
  if (palette === "mono")
    return [
      [0, 0, 0],
      [paper.lightness, paper.chroma * cos, paper.chroma * sin],
    ];
  return stops.map(([lightness, a, b]) => [lightness, a * cos - b * sin, a * sin + b * cos]);
}
