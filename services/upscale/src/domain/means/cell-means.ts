import type { KernelSpace } from "../../kernels/kernel-space.ts";
import { createShares, type Shares } from "./shares.ts";

/** Sides of a picture. */
type Size = { readonly widthPx: number; readonly heightPx: number };

/** Averages an enlarged picture down to the size of its source. */
export type CellMeans = {
  /** Returns how many rows of the enlarged picture may be pushed at once: at most those that the next row of means still needs. */
  wanted(): number;
  /** Adds the next rows of the enlarged picture. Returns whether the next row of means is complete; then it must be taken. */
  push(rows: Uint8Array): boolean;
  /** Writes the complete row of means, floats interleaved like the picture, to an address. */
  take(to: number): void;
};

/** Rows that are copied to the kernels' memory at once. */
const rowsAtOnce = 16;

/** Computes the mean of the enlarged picture over the area of each source pixel. Factors are at least 1. */
export function createCellMeans(space: KernelSpace, large: Size, small: Size, channels: number): CellMeans {
  const [across, down] = [large.widthPx / small.widthPx, large.heightPx / small.heightPx];
  return Number.isInteger(across) && Number.isInteger(down) && down <= 256
    ? createWholeCells(space, { widthPx: small.widthPx, across, down, channels })
    : createSharedCells(space, large, small, channels);
}

/** Averages cells of `across` × `down` whole pixels. */
function createWholeCells(
  space: KernelSpace,
  { widthPx, across, down, channels }: { widthPx: number; across: number; down: number; channels: number },
): CellMeans {
  const samples = widthPx * across * channels;
  const most = Math.min(down, rowsAtOnce);
  const copy = space.allocate(most * samples);
  const sums = space.allocate(samples * Uint16Array.BYTES_PER_ELEMENT);
  let taken = 0;
  return {
    wanted: () => Math.min(most, down - taken),
    push(rows) {
      const count = rows.length / samples;
      space.write(copy, rows);
      space.kernels.addRows(copy, samples, count, taken === 0, sums);
      taken += count;
      return taken === down;
    },
    take(to) {
      space.kernels.averageSums(sums, widthPx, across, channels, across * down, to);
      taken = 0;
    },
  };
}

/** Averages cells of any factor: a row or column on the border of two cells counts for both by its shares. */
export function createSharedCells(space: KernelSpace, large: Size, small: Size, channels: number): CellMeans {
  const { kernels } = space;
  const area = (large.widthPx / small.widthPx) * (large.heightPx / small.heightPx);
  const samples = large.widthPx * channels;
  const columns = space.constant(toTable(createShares(large.widthPx, small.widthPx)));
  const rows = createShares(large.heightPx, small.heightPx);
  const copy = space.allocate(samples);
  let [current, below] = [space.allocate(samples * 4), space.allocate(samples * 4)];
  // Whether the sums have rows, and those of the cells below.
  let [isBegun, isBelow] = [false, false];
  let y = 0;
  return {
    wanted: () => 1,
    push(row) {
      const share = rows.share[y] as number;
      space.write(copy, row);
      kernels.addShare(copy, samples, share, !isBegun, current);
      isBegun = true;
      if (share < 1) kernels.addShare(copy, samples, 1 - share, true, below);
      isBelow = share < 1;
      const cell = rows.first[y];
      y += 1;
      return y === large.heightPx || rows.first[y] !== cell;
    },
    take(to) {
      kernels.averageShares(current, large.widthPx, columns, channels, area, to);
      [current, below] = [below, current];
      isBegun = isBelow;
    },
  };
}

/** Returns shares as the table of columns that kernels read. */
function toTable({ first, share }: Shares): Int32Array {
  const table = new Int32Array(2 * first.length);
  const floats = new Float32Array(table.buffer);
  for (let at = 0; at < first.length; at++) {
    table[2 * at] = first[at] as number;
    floats[2 * at + 1] = share[at] as number;
  }
  return table;
}
