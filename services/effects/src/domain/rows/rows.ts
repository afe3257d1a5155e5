import type { KernelSpace } from "../../kernels/kernel-space.ts";

/** The shape of a picture inside a chain: always RGB or RGBA. */
export type RowShape = { readonly widthPx: number; readonly heightPx: number; readonly channels: 3 | 4 };

/** Samples of a row: bytes, or floats from 0 to 1. Both are sRGB-encoded. */
export type RowFormat = "bytes" | "floats";

/** The address of one row in the memory of the kernels: `widthPx` pixels, with straight alpha last if there are four channels. */
export type Row = number;

/** What a stage is created for. */
export type StageContext = {
  readonly space: KernelSpace;
  /** The shape of the rows that the stage receives. */
  readonly shape: RowShape;
  /** Format of the rows that the stage receives: bytes for the first stage of a chain, else floats. */
  readonly from: RowFormat;
  /** Format of the rows that it emits: bytes for the last stage, else floats. */
  readonly to: RowFormat;
};

/** Where a stage puts its rows. */
export type RowTarget = {
  /** Returns the address for the next row. */
  place(): Row;
  /** Passes that row on, or `count` rows that lie one after another from there on. Their memory may be reused as soon as this returns. */
  emit(row: Row, count?: number): void;
};

/**
 * One part of a chain: receives the rows of a picture, top-down, and emits the rows of its result: as many of the same shape, unless its effect changes
 * the size. It may hold back as many as its effect needs at once, so that memory does not grow with the picture's height. Each call emits at most one
 * row, so that the caller can yield between them.
 */
export type Stage = {
  /** Takes the next row and does not change it. It is not used after this returns. Called only once `more` has returned false. */
  push(row: Row): void;
  /**
   * Does the same with `count` rows that lie one after another, and emits as many together. Only the only stage of a chain is called so, and only if it has
   * this function.
   */
  readonly pushRows?: ((rows: Row, count: number) => void) | undefined;
  /** Emits one row that is ready and returns true, or returns false if there is none. */
  more(): boolean;
  /** Makes the rows that are held back ready. Called after the last row, once `more` has returned false. */
  end(): void;
};

/** Creates a stage for one picture. Stages are never shared or reused. */
export type CreateStage = (context: StageContext, target: RowTarget) => Stage;

/** Writes the colours of so many pixels, which do not depend on their row or their place in it. Alpha is written elsewhere. */
export type PixelPainter = (from: Row, to: Row, pixels: number) => void;

/** Writes the colours of row `y` of one format to a row of another. Called once for each row, top-down. Alpha is written elsewhere. */
export type RowPainter = {
  (from: Row, to: Row, y: number): void;
  /** Does the same for pixels of any rows. Only painters whose pixels do not depend on their places have it. */
  readonly paintPixels?: PixelPainter | undefined;
};

/** Returns the painter of rows that paints pixels so. */
export function toRowPainter({ widthPx }: RowShape, paintPixels: PixelPainter): RowPainter {
  return Object.assign((from: Row, to: Row) => paintPixels(from, to, widthPx), { paintPixels });
}

/** Returns the bytes of one sample. */
export function sampleBytes(format: RowFormat): number {
  return format === "floats" ? 4 : 1;
}

/** Returns the bytes of one row. */
export function rowBytes({ widthPx, channels }: RowShape, format: RowFormat): number {
  return widthPx * channels * sampleBytes(format);
}

/** Allocates a plane with `valueBytes` for each pixel of a row. */
export function allocatePlane(space: KernelSpace, pixels: number, valueBytes: number): number {
  // Kernels work on 16 values at a time.
  return space.allocate(Math.ceil(pixels / 16) * 16 * valueBytes);
}
