import { defineKernels } from "./kernel-module.ts";

/**
 * Loops over rows of floats for displaced, blurred, sorted and noisy pixels (kernels/glitch.ts). Addresses and strides are in bytes, counts in pixels
 * unless said otherwise. Rows are pixels of 3 or 4 `channels`, sRGB-encoded, from 0 to 1. A plane has one float for each pixel and room for a
 * multiple of 16. A curve is a table of doubles with `steps` intervals.
 */
export type GlitchKernels = {
  /** A plane of entries of a table of 8192 floats, drawn by the hash of seed + x. */
  readonly drawn: (seed: number, count: number, table: number, to: number) => void;
  /** A plane of -1, 0 and 1: each end has `bound` of the 2^32 hashes of seed + x. */
  readonly specks: (seed: number, count: number, bound: number, to: number) => void;
  /** A plane: the weighted sum of two. */
  readonly mixPlanes: (
    ...row: [upper: number, lower: number, count: number, upperWeight: number, lowerWeight: number, to: number]
  ) => void;
  /** A plane: left[x] * points[places[x]] + right[x] * points[places[x] + 1]. Places are 32-bit integers. */
  readonly mixPoints: (
    ...row: [points: number, places: number, left: number, right: number, count: number, to: number]
  ) => void;
  /** A row plus one plane of noise for each colour, limited to 0 to 1. Grain is weaker towards black and white: times 0.25 + 3 v (1 - v). */
  readonly addNoise: (
    ...row: [
      ...[row: number, red: number, green: number, blue: number],
      ...[channels: number, count: number, isGrain: boolean, to: number],
    ]
  ) => void;
  /** Weakens a plane of noise towards black and white, by the BT.601 luma of a row's pixels: times 0.25 + 3 v (1 - v). */
  readonly grainByLuma: (row: number, channels: number, count: number, noise: number) => void;
  /** The colours of a row, each times its factor. */
  readonly scaleColors: (
    ...row: [row: number, red: number, green: number, blue: number, channels: number, count: number, to: number]
  ) => void;

  /**
   * One channel (0 to 2) of a row: the sample `offset` pixels to the left in `from`, or that of `own` where that pixel is invisible. Past an edge the
   * edge is repeated, or, wrapped, the row continues at its other end.
   */
  readonly shiftChannel: (
    ...row: [
      ...[from: number, own: number, channels: number, channel: number],
      ...[count: number, offset: number, isWrapped: boolean, to: number],
    ]
  ) => void;
  /** Planes, `stride` apart, of the linear light of red and of blue, times alpha, and of alpha; each with `padPx` values more on either side. */
  readonly splitPlanes: (
    ...row: [
      ...[row: number, channels: number, count: number, padPx: number],
      ...[table: number, steps: number, to: number, stride: number],
    ]
  ) => void;
  /**
   * One channel of a row from two rows of a plane, mixed between neighbours by `right` and between both rows by `down`, encoded by a curve. It is
   * divided by the same mix of alpha, unless `upperAlpha` is 0; where that mix is 0, the sample is left as it is.
   */
  readonly splitChannel: (
    ...row: [
      ...[upper: number, lower: number, upperAlpha: number, lowerAlpha: number, right: number, down: number],
      ...[table: number, steps: number, channels: number, channel: number, count: number, to: number],
    ]
  ) => void;

  /** A row of linear light times alpha, with alpha, and `padPx` pixels more on either side. */
  readonly padLight: (
    ...row: [row: number, channels: number, count: number, padPx: number, table: number, steps: number, to: number]
  ) => void;
  /** `count` sums, in blocks of 16: weights[k] (floats) times the float at the same place after the address taps[k]. */
  readonly sumTaps: (taps: number, weights: number, tapCount: number, count: number, to: number) => void;
  /**
   * A row from sums of light times alpha, encoded by a curve: divided by `weight` (3 channels) or by the sum of alpha (4). Alpha is that of `own`; so
   * is the colour where the sum of alpha is 0.
   */
  readonly encodeSums: (
    ...row: [
      ...[sums: number, weight: number, own: number, channels: number, count: number],
      ...[table: number, steps: number, to: number],
    ]
  ) => void;

  /**
   * A tile of linear light times alpha, with alpha, from a part of rows of floats that are `stride` bytes apart. A tile has 129 rows with room for 132
   * pixels of four floats, of which `width` and `height` are written, at most 129. A pixel after them repeats the last one.
   */
  readonly lightTile: (
    ...tile: [from: number, stride: number, channels: number, width: number, height: number, to: number]
  ) => void;
  /**
   * Adds to a tile `weight` times a picture at other places: pixel x, y reads at u + cos x - sin y, v + sin x + cos y, limited to `left` to `right` and
   * `top` to `bottom`, interpolated between four pixels. Places are counted from the centre of the first pixel of 4 × 4 tiles of the picture. `tiles` has
   * 16 integers of 32 bits: what to add to 16 x + 2112 y for the address of a pixel in each of these tiles, and 32 bytes more to work with. Columns up to
   * the next multiple of 4 are written too.
   */
  readonly addTap: (
    ...tap: [
      ...[tiles: number, u: number, v: number, cos: number, sin: number],
      ...[left: number, top: number, right: number, bottom: number],
      ...[weight: number, width: number, height: number, to: number],
    ]
  ) => void;
  /** Packs floats from 0 to 1 into 16 bits each, with a relative error of at most 2^-12; those below 2^-31 become 0. `count` is a multiple of 8. */
  readonly packLight: (from: number, count: number, to: number) => void;
  /** Floats from such 16 bits. */
  readonly unpackLight: (from: number, count: number, to: number) => void;
  /**
   * Encodes the colours of a tile, divided by its alpha, into a part of rows of floats, `stride` bytes apart. Where its alpha is 0, the colour there
   * stays; alpha stays everywhere.
   */
  readonly encodeTile: (
    ...tile: [from: number, width: number, height: number, channels: number, to: number, stride: number]
  ) => void;

  /**
   * Colours of a row with its runs sorted. A run has visible pixels with a luma from `low` to `high` (65535ths), at most `limit` of them. `by` is 0 for
   * luma, 1 for hue, 2 for saturation. `scratch` has 1024 bytes and 16 more for each pixel.
   */
  readonly sortRuns: (
    ...row: [
      ...[row: number, channels: number, count: number, by: number, isFalling: boolean],
      ...[low: number, high: number, limit: number, scratch: number, to: number],
    ]
  ) => void;
};

/** The kernels of `kernels/glitch.ts`. */
export const glitchKernels = defineKernels<GlitchKernels>("glitch");
