import { printKernels } from "../../kernels/print-kernels.ts";
import type { Rgb } from "../color/color.ts";
import { createPaletteTable, evenSteps } from "../color/palette-match.ts";
import { allocatePlane, type Row, type StageContext } from "../rows/rows.ts";
import type { ThresholdMap } from "./thresholds.ts";

// The kernel's number of candidates for a color.
const candidates = 16;
const entryBytes = 20;
const allCells = 64 ** 3;

/** Returns the address of an index of a palette's colour for each pixel of row `y`. Called once for each row, top-down. */
export type PalettePattern = (row: Row, y: number) => number;

/**
 * Creates ordered dithering to a palette of any colours, from dark to light: T. Knoll's pattern dithering (US patent 6,606,166, expired in 2019), as
 * J. Yliluoma describes it in "Arbitrary-palette positional dithering algorithm" (2014). Each of 16 candidates for a color is the nearest to the color and
 * `strength` times the sum of the errors before, so that their mean has its lightness, hue and chroma; a threshold selects one of them, sorted by lightness.
 * Colours are added up as light with `linearLight`, else encoded. At strength 0, each pixel becomes its nearest color.
 */
export function createPalettePattern(
  { space, shape, from }: StageContext,
  options: { colors: readonly Rgb[]; map: ThresholdMap; strength: number; linearLight: boolean },
): PalettePattern {
  const { widthPx, heightPx, channels } = shape;
  const { colors, strength } = options;
  const { sizePx, thresholds } = options.map;
  const { matchCells } = space.use(printKernels);
  const { paletteCells } = space.kernels;
  const palette = createPaletteTable(space, colors, evenSteps(options.linearLight));
  const places = space.constant(Uint8Array.from(thresholds, (threshold) => Math.floor(threshold * candidates)));
  const unshifted = space.constant(new Float64Array(4));
  // No more entries than pixels: small pictures need little memory, and large ones look no cell up twice.
  const entries = 2 ** Math.ceil(Math.log2(Math.min(allCells, widthPx * heightPx)));
  const known = space.allocate(entries * entryBytes);
  const cells = allocatePlane(space, widthPx, 4);
  const indices = allocatePlane(space, widthPx, 1);
  return (row, y) => {
    paletteCells(row, channels, from === "floats", widthPx, unshifted, cells);
    const placesOfRow = places + (y % sizePx) * sizePx;
    matchCells(cells, widthPx, palette, strength, known, entries - 1, placesOfRow, sizePx - 1, indices);
    return indices;
  };
}
