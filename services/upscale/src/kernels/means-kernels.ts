/**
 * Loops over one memory with vector instructions (kernels/_cells.ts, _source.ts, _grid.ts and _change.ts). Addresses are in bytes. Rows are floats, interleaved like the picture, unless
 * said otherwise. A kernel may read and write `slackBytes` behind a row.
 *
 * An interpolation from a row of `cells` to a longer row has two tables, of 4 bytes each. `begins` has for each cell the first pixel between its
 * centre and the next one's, and the longer row's length at the end. `shares` has for each pixel the next cell's share as a float.
 */
export type MeansKernels = {
  /** Adds `count` rows of bytes to sums of 16 bits. At most 256 rows fit. */
  readonly addRows: (rows: number, samples: number, count: number, isFirst: boolean, sums: number) => void;
  /** Writes the means of `across` neighbouring sums of 16 bits for each of `width` pixels, divided by `area`. */
  readonly averageSums: (
    ...sums: [sums: number, width: number, across: number, channels: number, area: number, to: number]
  ) => void;
  /** Adds `share` times a row of bytes to sums of floats. */
  readonly addShare: (row: number, samples: number, share: number, isFirst: boolean, sums: number) => void;
  /**
   * Writes the means of cells of any width along sums of `width` pixels. `columns` has 8 bytes for each pixel: the index of its cell, and its share
   * there as a float.
   */
  readonly averageShares: (
    ...sums: [sums: number, width: number, columns: number, channels: number, area: number, to: number]
  ) => void;

  /** Bytes minus floats. */
  readonly difference: (bytes: number, means: number, samples: number, to: number) => void;
  /** Writes 1 for each sample of a visible pixel, and 0 for those of alpha 0 there and to `row`. */
  readonly hide: (alpha: number, width: number, channels: number, row: number, shown: number) => void;
  /** Means of absolute values over boxes of 5 × 5 pixels, plus `least`. `rows` is a table of five addresses. */
  readonly box: (
    ...rows: [rows: number, width: number, channels: number, least: number, scratch: number, to: number]
  ) => void;
  /** Sums rows times shares. Each of the `terms` has 12 bytes: the address of a row, another one, and the share as a float. */
  readonly sumRows: (terms: number, count: number, samples: number, to: number) => void;
  /** The same of |limit - mean| times weights, which are the rows at the second addresses. */
  readonly sumRanges: (terms: number, count: number, limit: number, samples: number, to: number) => void;
  /** Spreads a row over a shorter one: the transpose of interpolation. */
  readonly spread: (
    ...row: [row: number, channels: number, cells: number, begins: number, shares: number, to: number]
  ) => void;
  /** Interpolates a row of the grid, times weights, limited to -1 to 1. */
  readonly weighGains: (
    ...gains: [
      ...[grid: number, channels: number, cells: number, begins: number, shares: number],
      ...[weights: number, to: number],
    ]
  ) => void;
  /** The change of means by gains: of 255 - mean if positive, else of the mean. */
  readonly moveMeans: (gains: number, means: number, samples: number, to: number) => void;
  /** to = one + sign * other. */
  readonly add: (one: number, other: number, sign: number, samples: number, to: number) => void;

  /** Low-passes a row of the grid in both directions. `rows` is a table of nine addresses. */
  readonly lowPass: (rows: number, columns: number, channels: number, scratch: number, to: number) => void;
  /**
   * Replaces sums by what is corrected of them: nothing up to `tolerance` times the count, all from twice as much on. Returns 1 if a
   * value is positive, plus 2 if one is negative.
   */
  readonly correct: (row: number, samples: number, counts: number, factor: number, tolerance: number) => number;
  /** Divides the values of one sign by ranges. */
  readonly divide: (row: number, samples: number, ranges: number, sign: number) => void;
  /** Mixes two rows. Returns 1 if a value is not 0. */
  readonly mix: (above: number, below: number, share: number, samples: number, to: number) => number;

  /** Combines two gains to factors (units of 2^-15) and offsets (units of 2^-7 levels). */
  readonly merge: (first: number, second: number, samples: number, factors: number, offsets: number) => void;
  /**
   * Interpolates both to the pixels of the enlargement, rounded to 16 bits, and marks with 1 which blocks of 16 samples can change. All three must be
   * 0 before.
   */
  readonly widen: (
    ...row: [
      ...[factors: number, offsets: number, channels: number, cells: number, begins: number, shares: number],
      ...[toFactors: number, toOffsets: number, marks: number],
    ]
  ) => void;
  /**
   * Changes a row of bytes in place: `v + factor v + offset`, rounded. Both are mixed of two rows; `share`, in units of 2^-15, is the lower one's. A
   * row's offsets and marks lie so many bytes behind its factors.
   */
  readonly change: (
    ...row: [
      ...[row: number, samples: number, upper: number, lower: number],
      ...[offsets: number, marks: number, share: number],
    ]
  ) => void;
};

/** Bytes behind a row that a kernel may read and write. */
export const slackBytes = 64;
