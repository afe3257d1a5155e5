import type { KernelSpace } from "../../kernels/kernel-space.ts";
import { mirror } from "./mirror.ts";

/** Reach of the low-pass, two boxes of five one after the other, in grid cells. */
export const lowPassReach = 4;

const taps = 2 * lowPassReach + 1;

/**
 * Creates a filter for rows of a grid, in both directions, mirrored at the borders: a mirrored symmetric filter keeps the mean.
 * Writes the row at `y` to `out`; reads the rows it needs with `rowAt`, by their index inside the grid.
 */
export function createLowPass(
  space: KernelSpace,
  { columns, rows, channels }: { readonly columns: number; readonly rows: number; readonly channels: number },
): (y: number, rowAt: (y: number) => number, out: number) => void {
  const table = space.allocate(taps * 4);
  const scratch = space.allocate((columns + 2 * lowPassReach) * channels * 4);
  return (y, rowAt, out) => {
    const addresses: number[] = [];
    for (let i = -lowPassReach; i <= lowPassReach; i++) addresses.push(rowAt(mirror(y + i, rows)));
    space.writeAddresses(table, addresses);
    space.kernels.lowPass(table, columns, channels, scratch, out);
  };
}
