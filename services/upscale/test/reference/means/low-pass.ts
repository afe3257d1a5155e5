import { addTimes } from "./interpolate.ts";
import { mirrored } from "./mirror.ts";

/** Sides of a grid, and samples of each cell. */
export type Grid = { readonly columns: number; readonly rows: number; readonly channels: number };

/** Weights of two boxes of five, one after the other. */
const weights = [1, 2, 3, 4, 5, 4, 3, 2, 1].map((weight) => weight / 25);

/** Reach of the filter, in grid cells. */
export const lowPassReach = (weights.length - 1) / 2;

/**
 * Creates a filter for rows of a grid, in both directions, mirrored at the borders: a mirrored symmetric filter keeps the mean.
 * Writes the row at `y` to `out`; reads the rows it needs with `rowAt`, by their index inside the grid.
 */
export function createLowPass({ columns, rows, channels }: Grid) {
  const downwards = mirrored(rows, lowPassReach);
  const sideways = mirrored(columns, lowPassReach);
  const down = new Float32Array(columns * channels);
  return (y: number, rowAt: (y: number) => Float32Array, out: Float32Array): void => {
    down.fill(0);
    for (const [i, weight] of weights.entries()) addTimes(down, weight, rowAt(downwards[y + i] as number));
    filterAcross(down, sideways, channels, out);
  };
}

function filterAcross(row: Float32Array, sideways: Int32Array, channels: number, out: Float32Array): void {
  for (let x = 0, at = 0; at < out.length; x++) {
    for (let channel = 0; channel < channels; channel++, at++) {
      let sum = 0;
      for (let i = 0; i < weights.length; i++)
        sum += (weights[i] as number) * (row[(sideways[x + i] as number) * channels + channel] as number);
      out[at] = sum;
    }
  }
}
