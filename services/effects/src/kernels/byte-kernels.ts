import { defineKernels } from "./kernel-module.ts";

type Pixels = [from: number, channels: number, count: number];

/** Loops over rows of bytes of 3 or 4 `channels`. Addresses are in bytes, counts in pixels. Up to 16 bytes past the end of a row are written. */
export type ByteKernels = {
  /** Writes a table of pairs, 128 KiB: the first byte mapped by a table of 256 bytes, the second by another. */
  readonly pairTable: (first: number, second: number, to: number) => void;
  /**
   * Maps samples by tables of pairs: `red` for red and green; for three channels `blue` for blue and red, `green` for green and blue; for four channels
   * `blue` for blue and alpha.
   */
  readonly mapPairs: (...row: [...pixels: Pixels, red: number, blue: number, green: number, to: number]) => void;
  /** Writes 255 less each of so many bytes. */
  readonly complement: (from: number, bytes: number, to: number) => void;
  /**
   * Writes one channel of pixels: the sample `offset` pixels to the left in the row `from`, or that of the row `own` where the other pixel's alpha is 0. Past
   * an edge it is that of the edge.
   */
  readonly shiftBytes: (
    ...row: [
      ...[from: number, own: number, channels: number, channel: number, count: number, offset: number],
      to: number,
    ]
  ) => void;
  /**
   * Writes pixels as the whole parts of sums: `tables` have, for each byte of red, green and blue, four integers in 65,536ths. Those of red also add a half and
   * `slack`. Writes the first pixel of each block of 4 with a sum within `slack` of the next byte to `unclear`, as 32 bits, and returns the number of these.
   */
  readonly sumPixels: (
    ...row: [...pixels: Pixels, tables: number, slack: number, to: number, unclear: number]
  ) => number;
  /**
   * Writes the pixel `low`, 4 bytes, for sums below `bound`, and `high` for the others: `tables` have an integer for each byte of red, green and blue. Blocks
   * with a sum within `slack` of the bound are listed as unclear.
   */
  readonly splitSums: (
    ...row: [
      ...pixels: Pixels,
      ...[tables: number, bound: number, slack: number, low: number, high: number, to: number, unclear: number],
    ]
  ) => number;
};

/** The kernels that kernels/bytes.ts compiles to. */
export const byteKernels = defineKernels<ByteKernels>("bytes");
