import { createShares } from "../../../src/domain/means/shares.ts";
import { createPackedSums } from "./packed-sums.ts";

/** Sides of a picture. */
type Size = { readonly widthPx: number; readonly heightPx: number };

/** Averages an enlarged picture down to the size of its source. */
export type CellMeans = {
  /** Returns how many rows of the enlarged picture may be pushed at once: at most those that the next row of means still needs. */
  wanted(): number;
  /**
   * Adds the next rows of the enlarged picture. Returns the next row of means, interleaved like the picture, once it is
   * complete. The row is reused.
   */
  push(rows: Uint8Array): Float32Array | undefined;
};

/** Computes the mean of the enlarged picture over the area of each source pixel. Factors are at least 1. */
export function createCellMeans(large: Size, small: Size, channels: number): CellMeans {
  const [across, down] = [large.widthPx / small.widthPx, large.heightPx / small.heightPx];
  return Number.isInteger(across) && Number.isInteger(down) && down <= 256
    ? createWholeCells(small.widthPx, across, down, channels)
    : createSharedCells(large, small, channels);
}

/** Averages cells of `across` × `down` whole pixels. */
function createWholeCells(widthPx: number, across: number, down: number, channels: number): CellMeans {
  const samples = widthPx * across * channels;
  const packed = createPackedSums(samples);
  const sums = new Uint16Array(4 * Math.ceil(samples / 4));
  const means = new Float32Array(widthPx * channels);
  const area = across * down;
  let taken = 0;
  return {
    wanted: () => down - taken,
    push(rows) {
      packed.add(rows);
      taken += rows.length / samples;
      if (taken < down) return undefined;
      packed.take(sums);
      averageAcross(sums, means, { across, channels, area });
      taken = 0;
      return means;
    },
  };
}

/**
 * Computes the mean of each cell, whose samples of one channel lie `channels` apart. Unrolled for the usual factors, because it
 * runs for every sample of the source.
 */
function averageAcross(
  sums: Uint16Array,
  means: Float32Array,
  { across, channels, area }: { readonly across: number; readonly channels: number; readonly area: number },
): void {
  for (let x = 0, from = 0; x < means.length; x += channels, from += across * channels) {
    for (let channel = 0, at = from; channel < channels; channel++, at++) {
      let sum = (sums[at] as number) + (across > 1 ? (sums[at + channels] as number) : 0);
      if (across === 4) sum += (sums[at + 2 * channels] as number) + (sums[at + 3 * channels] as number);
      else for (let i = 2; i < across; i++) sum += sums[at + i * channels] as number;
      means[x + channel] = sum / area;
    }
  }
}

/** Averages cells of any factor: a row or column on the border of two cells counts for both by its shares. */
export function createSharedCells(large: Size, small: Size, channels: number): CellMeans {
  const area = (large.widthPx / small.widthPx) * (large.heightPx / small.heightPx);
  const columns = createShares(large.widthPx, small.widthPx);
  const rows = createShares(large.heightPx, small.heightPx);
  // Space for a cell past the last one, whose shares are all 0.
  const length = (small.widthPx + 1) * channels;
  let current = new Float64Array(length);
  let below = new Float64Array(length);
  let y = 0;

  function add(sums: Float64Array, row: Uint8Array, rowShare: number): void {
    for (let x = 0, from = 0; x < large.widthPx; x++) {
      const to = (columns.first[x] as number) * channels;
      const share = rowShare * (columns.share[x] as number);
      const rest = rowShare - share;
      for (let channel = 0; channel < channels; channel++, from++) {
        const sample = row[from] as number;
        sums[to + channel] = (sums[to + channel] as number) + share * sample;
        sums[to + channels + channel] = (sums[to + channels + channel] as number) + rest * sample;
      }
    }
  }

  return {
    wanted: () => 1,
    push(row) {
      const share = rows.share[y] as number;
      add(current, row, share);
      if (share < 1) add(below, row, 1 - share);
      const cell = rows.first[y];
      y += 1;
      if (y < large.heightPx && rows.first[y] === cell) return undefined;
      const means = Float32Array.from(current.subarray(0, small.widthPx * channels), (sum) => sum / area);
      [current, below] = [below, current];
      below.fill(0);
      return means;
    },
  };
}
