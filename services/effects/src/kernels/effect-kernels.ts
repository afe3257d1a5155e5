import { defineKernels } from "./kernel-module.ts";

/**
 * Loops over one memory with vector instructions (kernels/effects.ts). Addresses, strides and steps are in bytes, counts in pixels unless said
 * otherwise. A plane has one value for each pixel of a row and room for a multiple of 16. Rows are pixels of 3 or 4 `channels`, bytes or floats from 0
 * to 1. A curve is a table of doubles with `steps` intervals and one entry more than their ends; it is interpolated.
 */
export type EffectKernels = {
  /** Converts `count` samples: to[i] = from[i] / 255, as the nearest float. */
  readonly bytesToFloats: (from: number, count: number, to: number) => void;
  /** Converts `count` samples: times 255, rounded half up, limited to 0 to 255. */
  readonly floatsToBytes: (from: number, count: number, to: number) => void;
  /** Spreads bytes of grey (1 channel, or 2 with alpha) over three channels. */
  readonly greyToRgb: (from: number, channels: number, count: number, to: number) => void;
  /** Writes rows of pixels of 1, 2, 3, 4, 12 or 16 bytes as columns. Strides are the bytes from one row to the next. */
  readonly transpose: (
    ...part: [
      ...[from: number, stride: number, pixelBytes: number, width: number, height: number],
      ...[to: number, toStride: number],
    ]
  ) => void;

  /** A plane of doubles: the sum of three tables (256 doubles each) at the bytes of a pixel, at most 1. */
  readonly mixBytes: (from: number, channels: number, count: number, tables: number, to: number) => void;
  /** A plane of doubles: the weighted sum of the floats of a pixel, at most 1. */
  readonly mixFloats: (
    ...mix: [from: number, channels: number, count: number, red: number, green: number, blue: number, to: number]
  ) => void;
  /** The same with each sample mapped by a curve. */
  readonly mixCurvedFloats: (
    ...mix: [
      ...[from: number, channels: number, count: number, red: number, green: number, blue: number],
      ...[table: number, steps: number, to: number],
    ]
  ) => void;
  /** Three floats for each pixel, without alpha, from a table of 256 floats. */
  readonly samplesOfBytes: (from: number, channels: number, count: number, table: number, to: number) => void;
  /** The same from floats, mapped by a curve; unchanged if `steps` is 0. */
  readonly samplesOfFloats: (
    ...samples: [from: number, channels: number, count: number, table: number, steps: number, to: number]
  ) => void;

  /** Maps a plane of doubles, limited to 0 to 1, by a curve. */
  readonly curve: (from: number, count: number, table: number, steps: number, to: number) => void;
  /** Maps a plane of doubles from 0 to 1 to bytes by a rising function: `starts` are 8193 bytes, `bounds` 257 doubles. */
  readonly steps: (from: number, count: number, starts: number, bounds: number, to: number) => void;
  /** plane[x] = (plane[x] + offset - 0.5) * factor + 0.5, limited to 0 to 1; doubles. */
  readonly line: (plane: number, count: number, offset: number, factor: number) => void;
  /** Adds `span` of a plane of noise (floats) to a plane of doubles, most at 0.5; limited to 0 to 1. */
  readonly grain: (plane: number, noise: number, count: number, span: number) => void;
  /** Doubles as floats. */
  readonly toFloatPlane: (from: number, count: number, to: number) => void;
  /** Doubles as bytes, rounded as floats are. */
  readonly toBytePlane: (from: number, count: number, to: number) => void;

  /** Colours of a row of bytes from three planes of bytes. */
  readonly interleaveBytes: (
    ...row: [red: number, green: number, blue: number, channels: number, count: number, to: number]
  ) => void;
  /** Colours of a row of floats from three planes of doubles. */
  readonly interleaveFloats: (
    ...row: [red: number, green: number, blue: number, channels: number, count: number, to: number]
  ) => void;
  /** Colours of a row from a byte for each pixel. The table has four samples of the row's format for each index. */
  readonly paintIndices: (
    ...row: [indices: number, count: number, table: number, channels: number, isFloat: boolean, to: number]
  ) => void;
  /** Colours of a row from a byte for each sample, with such a table. */
  readonly paintSamples: (
    ...row: [indices: number, count: number, table: number, channels: number, isFloat: boolean, to: number]
  ) => void;
  /** Copies samples that are a step apart, and converts them between bytes and floats. */
  readonly moveAlpha: (
    ...move: [
      ...[from: number, fromStep: number, fromFloat: boolean, count: number],
      ...[to: number, toStep: number, toFloat: boolean],
    ]
  ) => void;
  /** A plane of bytes: not 0 where the alpha of a row of four channels is above 0. */
  readonly visibleOf: (from: number, isFloat: boolean, count: number, to: number) => void;
  /** Maps the colours of a row of floats: decoded by one curve, times `kept`, and encoded by another. */
  readonly darken: (
    ...row: [
      ...[row: number, channels: number, count: number, kept: number],
      ...[linear: number, linearSteps: number, encoded: number, encodedSteps: number],
    ]
  ) => void;

  /** A plane of noise (floats from -1 to 1) from the seed of its row. */
  readonly noise: (seed: number, count: number, to: number) => void;
  /** A plane of noise between two rows of points `sizePx` apart; `down` from 0 to 1 between the rows. */
  readonly mixNoise: (
    ...row: [upper: number, lower: number, count: number, sizePx: number, down: number, to: number]
  ) => void;

  /** Error diffusion: the index of a level for each tone (floats). `visible` is a plane of bytes or 0; `state` is laid out by diffusion.ts. */
  readonly diffuse: (
    ...row: [
      ...[tones: number, visible: number, indices: number, count: number],
      ...[planes: number, isBackwards: boolean, state: number],
    ]
  ) => void;
  /** Ordered dithering: the index of a level for each tone, by thresholds that repeat after `mask` + 1 pixels. */
  readonly order: (
    ...row: [
      ...[tones: number, count: number, planes: number, levels: number, levelCount: number],
      ...[thresholds: number, mask: number, indices: number],
    ]
  ) => void;

  /** Adds a row to the sums of its cells: five doubles for each. The table has the linear light of bytes, or is a curve for floats. */
  readonly addCells: (
    ...row: [
      ...[from: number, channels: number, isFloat: boolean, count: number, cellPx: number],
      ...[table: number, steps: number, sums: number],
    ]
  ) => void;
  /** Writes the means of all cells as a row of floats, encoded by a curve, and clears the sums. */
  readonly takeCells: (
    ...row: [sums: number, columns: number, channels: number, table: number, steps: number, to: number]
  ) => void;
  /** Writes the colours of a row of cells to the pixels of a row of the same format. */
  readonly spread: (
    ...row: [cells: number, cellPx: number, channels: number, isFloat: boolean, count: number, to: number]
  ) => void;

  /** A plane of 32-bit cells of a palette's grid, after the addition of four doubles that repeat. */
  readonly paletteCells: (
    ...row: [from: number, channels: number, isFloat: boolean, count: number, shifts: number, to: number]
  ) => void;
  /** Looks cells up in a grid of bytes from `start` on. Returns the first pixel whose byte is 255, or `count`. */
  readonly lookUp: (cells: number, start: number, count: number, grid: number, to: number) => number;

  /** Three planes of doubles, `stride` apart: the samples, moved away from grey by `saturation`. */
  readonly saturate: (
    ...row: [
      ...[from: number, channels: number, isFloat: boolean, count: number],
      ...[saturation: number, to: number, stride: number],
    ]
  ) => void;
  /** Replaces a plane of tones (doubles) by their places among `last` + 1 inks, through the screen of `ranks` or without (0). */
  readonly print: (
    ...row: [
      ...[plane: number, count: number, y: number, last: number, softness: number],
      ...[ranks: number, right: number, down: number],
    ]
  ) => void;
  /** Colours of a row from a plane of places, with outlines (a plane of floats, or 0). `inks` has 13 entries for any number of inks. */
  readonly inkRow: (
    ...row: [
      ...[places: number, lines: number, count: number, opacity: number],
      ...[inks: number, channels: number, isFloat: boolean, to: number],
    ]
  ) => void;
  /** Colours of a row from three planes of places among `last` + 1 tones, with outlines. */
  readonly inkPlanes: (
    ...row: [
      ...[planes: number, stride: number, lines: number, count: number, opacity: number, last: number],
      ...[channels: number, isFloat: boolean, to: number],
    ]
  ) => void;

  /** Means of `span` samples (floats) to each side. `from` has a margin of span / 2 before and one sample more after its row. */
  readonly blurAcross: (from: number, count: number, span: number, to: number) => void;
  /** Adds a plane of floats to one of doubles. */
  readonly addToTotals: (from: number, count: number, totals: number) => void;
  /** Moves totals by one row and writes them over `span`, with one sample more on either side. */
  readonly blurDown: (
    ...row: [entering: number, leaving: number, totals: number, count: number, span: number, to: number]
  ) => void;
  /** Multiplies a plane of floats by another one. */
  readonly weigh: (values: number, weights: number, count: number) => void;
  /** Divides a plane of floats by another one; 0 where the divisor is below 1e-7. */
  readonly unweigh: (sums: number, weights: number, count: number, to: number) => void;
  /** Strength of a line at each pixel, from three planes with one sample more on either side; 0 where there is clearly none. */
  readonly gradient: (
    ...row: [above: number, here: number, below: number, count: number, span: number, to: number]
  ) => void;
};

/** The kernels of `kernels/effects.ts`, which all effects share. */
export const effectKernels = defineKernels<EffectKernels>("effects");
