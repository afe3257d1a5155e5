import { defineKernels } from "./kernel-module.ts";

/** Loops of printing effects: palettes and halftone screens (kernels/print.ts). Addresses, strides and rows are as those of `EffectKernels`. */
export type PrintKernels = {
  /**
   * An index (byte) of a palette's colour for each cell of `paletteCells`: one of 16 candidates whose mean is the cell's colour, by thresholds (bytes
   * below 16) that repeat after `wrap` + 1 pixels. `strength` is the share of an error that the next candidate makes up for. `known` is a table of
   * `mask` + 1 entries of 20 bytes, 0 at first. `palette` is laid out by palette-match.ts.
   */
  readonly matchCells: (
    ...row: [
      ...[cells: number, count: number, palette: number, strength: number],
      ...[known: number, mask: number, thresholds: number, wrap: number, indices: number],
    ]
  ) => void;
  /** Error diffusion to a palette: an index for each pixel of three floats. `visible` is a plane of bytes or 0; `state` is laid out by palette-diffusion.ts. */
  readonly diffuseColors: (
    ...row: [values: number, visible: number, indices: number, count: number, isBackwards: boolean, state: number]
  ) => void;

  /** Replaces a plane of tones (floats from 0 to 1) of row `y` by the shares of pixels that dots cover. The bounds belong to dot-screen.ts. */
  readonly screenDots: (
    ...row: [
      ...[plane: number, count: number, y: number, shape: number],
      ...[right: number, down: number, pixel: number, bounds: number, steps: number],
    ]
  ) => void;
  /** Colours of a row for a plane of shares (floats): the table has four samples of the row's format for each 4096th. */
  readonly inkDots: (
    ...row: [shares: number, count: number, table: number, channels: number, isFloat: boolean, to: number]
  ) => void;
  /** A plane of floats: 1 less a plane of doubles, from 0 to 1. */
  readonly inkTones: (plane: number, count: number, to: number) => void;
  /** Four planes of floats, cyan, magenta, yellow and black, for light (three floats for each pixel). `black` from 0 to 1 is the share of the grey that black replaces. */
  readonly separateInks: (light: number, count: number, black: number, to: number, stride: number) => void;
  /** Colours of a row from four planes of shares. The table has a sample of the row's format for each of `steps` + 1 values of light. */
  readonly overprint: (
    ...row: [
      ...[planes: number, stride: number, count: number, table: number, steps: number],
      ...[channels: number, isFloat: boolean, to: number],
    ]
  ) => void;

  /**
   * Adds a row of bytes to a histogram of 32 × 64 × 32 cells of four doubles: the sum of alpha (255 for each pixel without it), and of red, green and
   * blue times alpha.
   */
  readonly countColors: (row: number, channels: number, count: number, cells: number) => void;
};

/** The kernels of `kernels/print.ts`. */
export const printKernels = defineKernels<PrintKernels>("print");
