import { defineKernels } from "./kernel-module.ts";

type Pixels = [from: number, channels: number, count: number];

/**
 * Loops of the tone effects over one memory. Addresses are in bytes, counts in pixels. Rows are floats from 0 to 1 with 3 or 4 `channels`; only colours
 * are written, and a row may be mapped in place. Planes have one float for each pixel and room for a multiple of 16. A table is floats: `steps`
 * intervals, 1 to 2^22, and one entry more than their ends; it is interpolated.
 */
export type ToneKernels = {
  /** Maps the colours of a row by a table for each channel. The tables may be the same. */
  readonly curves: (
    ...row: [...pixels: Pixels, red: number, green: number, blue: number, steps: number, to: number]
  ) => void;
  /** Multiplies colours by a matrix and adds an offset, limited to 0 to 1. `columns`: those for red, green, blue and 1, four floats each. */
  readonly matrix: (...row: [...pixels: Pixels, columns: number, to: number]) => void;
  /** Multiplies the distance from luma by 1 + strength * (1 - spread), limited to 0 to 1; spread is the largest sample less the smallest. */
  readonly vibrance: (...row: [...pixels: Pixels, strength: number, to: number]) => void;
  /** A plane of weighted sums, limited to 0 to 1. */
  readonly mix: (...row: [...pixels: Pixels, red: number, green: number, blue: number, to: number]) => void;
  /** Maps a plane by a table, in place. */
  readonly curvePlane: (plane: number, count: number, table: number, steps: number) => void;
  /** Reduces samples to `levels` values, 2 or more. */
  readonly posterize: (...row: [...pixels: Pixels, levels: number, to: number]) => void;
  /** Reduces a plane to `levels` values, in place. */
  readonly posterizePlane: (plane: number, count: number, levels: number) => void;
  /** Mixes linear colours with black or white until they have the luminances of the plane `targets`, from 0 to 1. */
  readonly relight: (...row: [...pixels: Pixels, targets: number, to: number]) => void;
  /** A plane of the OKLab lightness of linear colours. */
  readonly lightness: (...row: [...pixels: Pixels, to: number]) => void;
  /** Moves the OKLab lightness of linear colours by `amount`, 0 to 1, towards 1 - lightness. The result is linear. */
  readonly invertLightness: (...row: [...pixels: Pixels, amount: number, to: number]) => void;
  /** Colours of a row from a plane, by a table for each channel. */
  readonly paint: (
    ...row: [
      ...[plane: number, count: number, red: number, green: number, blue: number, steps: number],
      ...[channels: number, to: number],
    ]
  ) => void;
  /**
   * Darkens (`amount` from -1) or lightens (to 1) colours in linear light, fully at distance `inner` + 1 / `scale` and not within `inner`. The distance
   * of pixel x is the root of (left + across * x)² + downSquared.
   */
  readonly vignette: (
    ...row: [
      ...pixels: Pixels,
      ...[left: number, across: number, downSquared: number, inner: number, scale: number, amount: number],
      ...[linear: number, linearSteps: number, encoded: number, encodedSteps: number, to: number],
    ]
  ) => void;
  /**
   * Replaces a plane by 0 below a level and 1 from it on; smooth within 1 / `scale` if that is not 0. The level is `level`, or times the plane `means`
   * if that is not 0.
   */
  readonly threshold: (plane: number, means: number, count: number, level: number, scale: number) => void;
  /** Rounds a plane to multiples of 2^-16, in place: sums of up to 2^21 products of two such values are then exact. */
  readonly roundPlane: (plane: number, count: number) => void;
  /** A plane of the alpha of pixels of four channels, rounded in the same way. */
  readonly alphaPlane: (from: number, count: number, to: number) => void;
  /** Adds a row `factor` times to the sums of its columns, pairs of doubles: value times weight, and weight. `weights` is a plane, or 0 for 1. */
  readonly addToColumns: (values: number, weights: number, count: number, factor: number, sums: number) => void;
  /** A plane of means over `radius` columns to each side, edges repeated; `values` where all weights are 0. */
  readonly boxMeans: (sums: number, values: number, count: number, radius: number, to: number) => void;
  /** A plane of doubles: values moved away from their means by `strength`, limited to 0 to 1. */
  readonly enhance: (values: number, means: number, count: number, strength: number, to: number) => void;
};

/** The kernels of `kernels/tone.ts`. */
export const toneKernels = defineKernels<ToneKernels>("tone");
