import { createKernels, type Kernels, loadModule } from "./kernel-memory.ts";
import { createKernelPool } from "./kernel-pool.ts";

/**
 * The pixel work of one cut-out at a time, from `kernels/cut-out.ts`. Its results equal those of `planReference` and
 * `paintReference` within one level of 255.
 */
type CutOutFunctions = {
  /**
   * Sets a matte whose band is sought, before a plan. Addresses of: its floats, which are decided in place; 16-bit integers of its pixels; 32-bit integers of the
   * columns that the band reaches at each number of rows from 0 to `farRows`; a byte for each pixel of a row.
   */
  readonly setBand: (
    widthPx: number,
    heightPx: number,
    matte: number,
    rows: number,
    reaches: number,
    farRows: number,
    reached: number,
  ) => void;
  /** Steps of the band, one a row. Both are done over all rows, in order, some at each call. */
  readonly bandRowSteps: (from: number, to: number) => void;
  readonly decideSteps: (from: number, to: number) => void;
  /** Sets the sizes and returns the end of the plan's memory, which must be reserved before `startPlan`. */
  readonly layOut: (
    widthPx: number,
    heightPx: number,
    matteWidthPx: number,
    matteHeightPx: number,
    radiusPx: number,
    halfWidthPx: number,
    halfHeightPx: number,
    farPx: number,
  ) => number;
  readonly startPlan: () => void;
  /** Address of the model's matte: floats from 0 to 1, to be written before rows are packed. */
  readonly matteAddress: () => number;
  /** Sets the variance that edges need, and the distance from 0 and 1 of values that become certain. */
  readonly setFit: (epsilon: number, certain: number) => void;
  /** Sets the share of alpha that avoids a division by zero. */
  readonly setLayers: (least: number) => void;
  /** Takes rows of the working picture, interleaved samples at an address. */
  readonly packRows: (y: number, count: number, address: number, channels: number) => void;
  /** Steps of the fit and of a round of the layers. They are done in order, some at each call. */
  readonly fitStepCount: () => number;
  readonly fitSteps: (from: number, to: number) => void;
  /** Takes the matte of rows of the working picture as it is, in place of the fit. */
  readonly enlargeRows: (from: number, to: number) => void;
  readonly halveRows: (from: number, to: number) => void;
  readonly roundStepCount: (radiusPx: number) => number;
  readonly farSteps: (from: number, to: number, radiusPx: number) => void;
  readonly nearSteps: (from: number, to: number, radiusPx: number) => void;
  /** Sets the size of the picture and returns the end of the memory for so many of its rows at once. */
  readonly layOutRows: (widthPx: number, heightPx: number, channels: number, rows: number) => number;
  readonly startRows: (heightPx: number) => void;
  /** Sets whether half-covered pixels get the object's own colours, without the background's share. */
  readonly setPainting: (decontaminates: boolean) => void;
  readonly sourceAddress: () => number;
  readonly resultAddress: () => number;
  /** Paints rows that lie at the source's address: RGBA at the result's address. */
  readonly paintRows: (y: number, count: number, channels: number) => void;
};

/** Kernels with memory of their own. */
export type CutOutKernels = Kernels<CutOutFunctions>;

const module = loadModule("cut-out");

/** Kernels for cut-outs. */
export const cutOutKernels = createKernelPool(() => createKernels<CutOutFunctions>(module));
