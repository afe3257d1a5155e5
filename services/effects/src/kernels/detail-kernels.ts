import { defineKernels } from "./kernel-module.ts";

/**
 * The loops of the effects of detail (kernels/detail.ts). Counts are in pixels, reaches in pixels, `samples` are pixels times channels. Rows have
 * one to four `channels` without gaps; rows that are written have room for 32 bytes more. Integers are linear light times a scale of at most
 * 2^22.
 */
export type DetailKernels = {
  /** A row of colours (3 or 4 channels) as linear light; times alpha if there are four channels. The error is below 2e-6. */
  readonly toLinearRow: (from: number, channels: number, count: number, to: number) => void;
  /** Colours from means of such rows. `own` is the row of colours itself: its alpha, and its colours where the means have no alpha. */
  readonly toEncodedRow: (means: number, own: number, channels: number, count: number, to: number) => void;

  /** Copies a row and repeats the pixels at its ends `reach` times: floats, or integers if `scale` is above 0. */
  readonly padRow: (
    ...row: [from: number, channels: number, count: number, reach: number, scale: number, to: number]
  ) => void;
  /** Integers as floats, times scale. */
  readonly toFloats: (from: number, samples: number, scale: number, to: number) => void;
  /** Means of 2 whole + 1 pixels and, with the weight `share`, one more on either side. `from` starts whole + 1 pixels earlier. Integers. */
  readonly boxAcross: (
    ...row: [from: number, channels: number, count: number, whole: number, share: number, to: number]
  ) => void;
  /** The same for rows: moves sums of 2 whole + 1 rows by one row. `leaving` and `next` are the rows next to them. Integers. */
  readonly boxDown: (
    ...row: [
      ...[sums: number, leaving: number, entering: number, next: number],
      ...[samples: number, whole: number, share: number, to: number],
    ]
  ) => void;
  /** Weighted sums of 2 reach + 1 pixels of floats; `weights` are floats from the middle outwards. `from` starts reach pixels earlier. */
  readonly tapsAcross: (
    ...row: [from: number, channels: number, count: number, reach: number, weights: number, to: number]
  ) => void;
  /** Weighted sums of rows of floats. `taps` are pairs of addresses (32-bit) with a weight (float). */
  readonly tapsDown: (taps: number, pairs: number, samples: number, to: number) => void;
  /** Sums of all pixels before each pixel, and one more. Integers. */
  readonly sumAcross: (from: number, channels: number, count: number, to: number) => void;
  /**
   * Weighted sums of stretches of rows as floats. `chords` are two addresses of such sums (start, end) and two weights (floats), of the stretch
   * and of one a pixel longer on either side.
   */
  readonly chordsDown: (chords: number, rows: number, channels: number, count: number, to: number) => void;

  /**
   * Planes of floats, `stride` bytes apart: the cube roots l, m, s of OKLab and, for four channels, alpha. `values` are the lightness, or its
   * product with alpha and alpha, for `changeLightness` to get blurred.
   */
  readonly toCones: (
    ...row: [from: number, channels: number, count: number, planes: number, stride: number, values: number]
  ) => void;
  /**
   * Colours with another OKLab lightness L, in sRGB. d = L - blurred, its size less by `threshold`; the change is
   * amount * d / (1 + damping * d²) * (1 - mid + mid * 4 L (1 - L)), limited to `limit` either way.
   */
  readonly changeLightness: (
    ...row: [
      ...[planes: number, stride: number, blurred: number, channels: number, count: number],
      ...[amount: number, threshold: number, damping: number, mid: number, limit: number, to: number],
    ]
  ) => void;

  /**
   * Planes of floats, `stride` bytes apart: OKLab lightness, a, b and, for four channels, alpha; `reach` repeated pixels before and after each
   * row.
   */
  readonly toLabPlanes: (
    ...row: [from: number, channels: number, count: number, reach: number, planes: number, stride: number]
  ) => void;
  /**
   * Colours moved to the means of near ones. `taps` are addresses of a lightness (32-bit) with a weight (float); a pixel at the distance d in
   * OKLab counts max(0, 1 - falloff d²)^8 times its alpha. `here` is the lightness of the row itself, with the weight 1; `color` the share of a
   * and b, 0 to 1.
   */
  readonly bilateral: (
    ...row: [
      ...[taps: number, tapCount: number, here: number, stride: number, channels: number, count: number],
      ...[falloff: number, color: number, to: number],
    ]
  ) => void;

  /** A plane of values to blur: alone, or times the alpha of a row of four channels and alpha. */
  readonly toMeanValues: (plane: number, row: number, channels: number, count: number, values: number) => void;
  /** A plane of the means of such values; those of `plane` where nothing around is visible. */
  readonly fromMeanValues: (blurred: number, plane: number, channels: number, count: number, to: number) => void;

  /** The grey of each pixel (luminance, encoded) in all colours of a row, and as values to blur: alone, or times alpha and alpha. */
  readonly toGreys: (from: number, channels: number, count: number, values: number, to: number) => void;
  /** A row whose green is the blurred grey; -1 where nothing around is visible. Red stays. */
  readonly setMeans: (row: number, blurred: number, channels: number, count: number, to: number) => void;
  /** The reds of a row as values to blur. */
  readonly redValues: (row: number, channels: number, count: number, values: number) => void;
  /** A row whose blue is the shade (red + 1/255) / (blurred + 1/255), at most 1. Red and green stay. */
  readonly setShades: (row: number, blurred: number, channels: number, count: number, to: number) => void;
  /** The greens of a row as a plane of floats from `to` on, with one more on either side. */
  readonly greenPlane: (row: number, channels: number, count: number, to: number) => void;
  /**
   * A row of pencil on paper (three floats each) from the slopes of three such planes, times `strength`, and the shades of a row, times
   * `shading`. Values below 0 count as the one of the pixel itself.
   */
  readonly drawPencil: (
    ...row: [
      ...[above: number, here: number, below: number, row: number, channels: number, count: number],
      ...[strength: number, shading: number, paper: number, pencil: number, to: number],
    ]
  ) => void;
};

/** The kernels of `kernels/detail.ts`. */
export const detailKernels = defineKernels<DetailKernels>("detail");
