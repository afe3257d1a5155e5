import { defineKernels } from "./kernel-module.ts";

type Pixels = [from: number, channels: number, count: number];

/**
 * Loops of the tone effects over one memory. Addresses are in bytes, counts in pixels. Rows are floats from 0 to 1 with 3 or 4 `channels`; a row
 * may be mapped in place. Alpha is copied or not written, if nothing else is said. Planes have one float for each pixel and room for a multiple of 16. A table is floats: `steps`
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
  /** Reduces a plane to `levels` values and makes them linear light, in place. */
  readonly posterizePlane: (plane: number, count: number, levels: number) => void;
  /** A plane of the encoded luminance (BT.709) of encoded colours. */
  readonly luminance: (...row: [...pixels: Pixels, to: number]) => void;
  /** The same for a row of bytes of three channels. `table` has the linear light of each byte as floats. */
  readonly luminanceOfBytes: (from: number, count: number, table: number, to: number) => void;
  /** Planes of the linear red, green and blue of encoded colours, `stride` bytes apart, and a plane of their encoded luminance. */
  readonly toLight: (...row: [...pixels: Pixels, planes: number, stride: number, to: number]) => void;
  /** Encoded colours from such planes, mixed with black or white in linear light until they have the linear luminances of the plane `targets`. Alpha is any. */
  readonly relight: (
    ...row: [planes: number, stride: number, channels: number, count: number, targets: number, to: number]
  ) => void;
  /** A plane of the OKLab lightness of encoded colours. */
  readonly lightness: (...row: [...pixels: Pixels, to: number]) => void;
  /** Moves the OKLab lightness of encoded colours by `amount`, 0 to 1, towards 1 - lightness. */
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
      ...[left: number, across: number, downSquared: number, inner: number, scale: number, amount: number, to: number],
    ]
  ) => void;
  /**
   * Replaces a plane by 0 below a level and 1 from it on, give or take 5e-5; smooth within 1 / `scale` if that is not 0. The level is `level`, or times the plane `means`
   * if that is not 0.
   */
  readonly threshold: (plane: number, means: number, count: number, level: number, scale: number) => void;
  /**
   * Pixels of three bytes by the same comparison with a share of the plane `means`, without softness: those of `low` or `high`. Up to 48 bytes past the end
   * are written.
   */
  readonly thresholdBytes: (
    ...row: [plane: number, means: number, count: number, level: number, low: number, high: number, to: number]
  ) => void;
  /** A plane of doubles: values moved away from their means by `strength`, limited to 0 to 1. */
  readonly enhance: (values: number, means: number, count: number, strength: number, to: number) => void;
};

/** The kernels of `kernels/tone.ts`. */
export const toneKernels = defineKernels<ToneKernels>("tone");
