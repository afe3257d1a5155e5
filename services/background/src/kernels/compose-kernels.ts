import { createKernels, type Kernels, loadModule } from "./kernel-memory.ts";
import { createKernelPool } from "./kernel-pool.ts";

/**
 * The pixel work of a background's replacement, from `kernels/compose.ts`. Addresses and sizes are in bytes. A kernel may read
 * and write `spareBytes` beyond its pixels.
 */
type ComposeFunctions = {
  /** Lays pixels over others: exactly `layOverReference`. */
  readonly layOver: (
    over: number,
    overChannels: number,
    under: number,
    underChannels: number,
    out: number,
    channels: number,
    count: number,
  ) => void;
  /** Writes the places, 8 bytes each, of a side's pixels between those of another side, in units of `pixelBytes`. */
  readonly writePlaces: (to: number, length: number, sourceLength: number, pixelBytes: number) => void;
  /** Mixes two rows of vectors (four floats a pixel) and repeats the last one. */
  readonly mixRows: (upper: number, lower: number, share: number, to: number, count: number) => void;
  /** Packs RGB and the alpha of a cut-out: 8 bytes a pixel for the sums, and four floats of the first estimate. */
  readonly packHole: (colors: number, alpha: number, count: number, packed: number, filled: number) => void;
  /** Fills by windows of one radius. `columns` is scratch memory of 16 bytes for each of `widthPx + 2 * radiusPx`. */
  readonly fillHole: (
    packed: number,
    filled: number,
    widthPx: number,
    heightPx: number,
    radiusPx: number,
    columns: number,
  ) => void;
  /** Writes RGB: the picture's, laid on white, with the mixed row of the fill where the cut-out hides it. */
  readonly hideRow: (
    picture: number,
    channels: number,
    cutOut: number,
    cutOutChannels: number,
    fillRow: number,
    across: number,
    out: number,
    count: number,
  ) => void;
  /** Converts RGB to vectors. */
  readonly widenRow: (from: number, count: number, to: number) => void;
  /** Writes RGB of a mixed row at places whose unit is 16 bytes. */
  readonly enlargeRow: (row: number, across: number, count: number, out: number) => void;
};

/** Kernels with memory of their own. */
export type ComposeKernels = Kernels<ComposeFunctions>;

/** Bytes that a kernel may read or write beyond its pixels. */
export const spareBytes = 16;
/** Bytes of a vector, and of a place. */
export const vectorBytes = 16;
export const placeBytes = 8;

const module = loadModule("compose");

/** Kernels for compositions. */
export const composeKernels = createKernelPool(() => createKernels<ComposeFunctions>(module));
