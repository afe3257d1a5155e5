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
};

/** The kernels that kernels/bytes.ts compiles to. */
export const byteKernels = defineKernels<ByteKernels>("bytes");
