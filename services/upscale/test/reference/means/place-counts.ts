import { type Interpolation, spreadRow } from "./interpolate.ts";
import { createLowPass, type Grid } from "./low-pass.ts";

/**
 * Returns the number of pixels that count for a grid cell, low-passed: sums divided by it are means. It differs only at the
 * borders.
 */
export function countPlaces(
  across: Interpolation,
  down: Interpolation,
  { columns, rows, channels }: Grid,
): (gridY: number, at: number) => number {
  const filtered = (interpolation: Interpolation, length: number, repeat: number) => {
    const sums = new Float32Array(length);
    spreadRow(new Float32Array(interpolation.from.length).fill(1), 1, sums, interpolation, 1);
    const out = new Float32Array(length);
    createLowPass({ columns: length, rows: 1, channels: 1 })(0, () => sums, out);
    return Float32Array.from({ length: length * repeat }, (_, at) => out[Math.floor(at / repeat)] as number);
  };
  const inColumn = filtered(across, columns, channels);
  const inRow = filtered(down, rows, 1);
  return (gridY, at) => (inRow[gridY] as number) * (inColumn[at] as number);
}
