import { defineKernels } from "./kernel-module.ts";

/** Loops of the effects of composition (kernels/composition.ts). Addresses and rows are as those of `EffectKernels`; counts are in pixels. */
export type CompositionKernels = {
  /** Copies colours of three channels as opaque pixels of four. Rows that are read have room for 4 bytes more. */
  readonly addAlpha: (from: number, isFloat: boolean, count: number, to: number) => void;
  /**
   * Lays a row of four floats for each pixel over one encoded colour, whose `opacity` is above 0 to 1. Three `channels` leave the alpha of the result
   * out; such a row has room for 4 bytes more.
   */
  readonly layOn: (
    ...row: [
      ...[from: number, count: number, red: number, green: number, blue: number, opacity: number],
      ...[channels: number, to: number],
    ]
  ) => void;

  /** Index of the first pixel of a row of four channels whose alpha is above `bound` (0 to 255 for bytes, 0 to 1 for floats), or `count`. */
  readonly firstVisible: (from: number, isFloat: boolean, count: number, bound: number) => number;
  /** Index after the last such pixel, or 0. */
  readonly lastVisible: (from: number, isFloat: boolean, count: number, bound: number) => number;

  /** Writes `y` to each entry of a row of 32-bit integers whose pixel, in a row of four channels, is visible in this way. */
  readonly markVisible: (
    ...row: [from: number, isFloat: boolean, count: number, bound: number, y: number, entries: number]
  ) => void;
  /** A plane: weights times the part of a row, from `top` to `top` + 1, that lies within `halves` of 0. Planes of floats with room for a multiple of 4. */
  readonly flatRow: (...row: [halves: number, weights: number, count: number, top: number, to: number]) => void;

  /** A plane of floats: the alpha of a row of four floats for each pixel, with `margin` values of 0 before and after it. */
  readonly alphaPlane: (from: number, count: number, margin: number, to: number) => void;
  /** The same of 1 - alpha, with values of 1 before and after it. */
  readonly gapPlane: (from: number, count: number, margin: number, to: number) => void;
  /**
   * Lays a row of four floats for each pixel over a shadow of one linear colour, in linear light. The shadow's alpha is a plane times `opacity`; values
   * outside 0 to 1 are limited.
   */
  readonly layOverShadow: (
    ...row: [
      ...[from: number, shadow: number, count: number, red: number, green: number, blue: number],
      ...[opacity: number, to: number],
    ]
  ) => void;
  /**
   * Raises the rows of a grown plane (addresses in `rows`, above and below for each distance from 0 to `reach`) to what a row of the plane grows to with
   * a disc. `from` starts `reach` values before the first; disc-growth.ts lays out `disc`, `rows` and `scratch`.
   */
  readonly growRow: (
    ...row: [from: number, count: number, reach: number, disc: number, rows: number, scratch: number]
  ) => void;
  /**
   * Lays a stroke of one linear colour on a row of four floats for each pixel, in linear light: between 1 - gap and grown, the planes of a grown 1 - alpha
   * and alpha; 0 for none. Three `channels` leave alpha out.
   */
  readonly layStroke: (
    ...row: [
      ...[from: number, grown: number, gap: number, count: number, red: number, green: number, blue: number],
      ...[opacity: number, channels: number, to: number],
    ]
  ) => void;

  /**
   * Lays a row of four floats for each pixel, times `opacity`, over a row of floats with 3 or 4 `channels`, in linear light. `mark` and `row` have room for
   * 16 floats more, which are not written.
   */
  readonly layMark: (mark: number, count: number, opacity: number, row: number, channels: number) => void;
  /**
   * A row of four floats for each pixel from a mark of RGBA bytes: at (u + x du, v + x dv) in its pixels, whose centres lie at halves, by cubic
   * interpolation. The mark is transparent outside.
   */
  readonly sampleMark: (
    ...row: [
      ...[mark: number, width: number, height: number, u: number, v: number, du: number, dv: number],
      ...[count: number, to: number],
    ]
  ) => void;
};

/** The kernels of `kernels/composition.ts`. */
export const compositionKernels = defineKernels<CompositionKernels>("composition");
