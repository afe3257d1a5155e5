import { allocatePlane, type StageContext } from "../rows/rows.ts";
import type { Rgb } from "./color.ts";
import { paletteGrid } from "./palette-grid.ts";
import type { PaletteName } from "./palettes.ts";

/** Looks up rows of cells in a palette. */
export type PaletteLook = {
  /** The palette's colours, sRGB-encoded. */
  readonly colors: readonly Rgb[];
  /** Returns the address of an index for each cell of a plane of 32-bit integers. */
  readonly look: (cells: number) => number;
};

/** Creates the lookup of a palette for rows of one width. What is learned stays for later pictures. */
export function createPaletteLook({ space, shape: { widthPx } }: StageContext, name: PaletteName): PaletteLook {
  const { colors, cells: known, learn } = paletteGrid(name);
  const grid = space.constant(known);
  const indices = allocatePlane(space, widthPx, 1);
  return {
    colors,
    look(cells) {
      let at = space.kernels.lookUp(cells, 0, widthPx, grid, indices);
      while (at < widthPx) {
        const cell = new DataView(space.bytes(cells + 4 * at, 4).buffer).getInt32(cells + 4 * at, true);
        space.bytes(grid + cell, 1)[0] = learn(cell);
        at = space.kernels.lookUp(cells, at, widthPx, grid, indices);
      }
      return indices;
    },
  };
}
