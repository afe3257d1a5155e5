import { AppError } from "@pixelmesh/errors";
import { assertShape, type Channels, createFrame, type Frame } from "./frame.ts";

/**
 * A picture to read rows from. Reads move downwards but may overlap: each `y` is at least the previous one minus the reader's
 * halo. The returned bytes may be a view of the source's memory and must not be modified.
 */
export type RowSource = {
  readonly widthPx: number;
  readonly heightPx: number;
  readonly channels: Channels;
  /** Resolves to `count` whole rows from row `y` on, interleaved. Rows of a file come in `spare`, memory of their exact length, if it is given. */
  readRows(y: number, count: number, spare?: Uint8Array): Promise<Uint8Array>;
};

/** A picture to write rows to: in order, without gaps, each row once. */
export type RowSink = {
  readonly widthPx: number;
  readonly heightPx: number;
  readonly channels: Channels;
  /** Writes one or more whole rows from row `y` on. The sink does not use `rows` after the promise resolves. */
  writeRows(y: number, rows: Uint8Array): Promise<void>;
  /** Returns the sink's own memory for the next rows, from `y` on, if it has some. Rows in it are written without a copy. */
  memoryFor?(y: number, count: number): Uint8Array | undefined;
  /** Does the same for rows that need not be next, for a writer that holds rows back. */
  memoryAhead?(y: number, count: number): Uint8Array | undefined;
};

/** A sink that fills a frame. Reading `frame` before the last row throws INTERNAL. */
export type FrameSink = RowSink & { readonly frame: Frame };

/** Returns a frame as a row source. Reads are views, not copies, in any order. Throws INTERNAL outside the frame. */
export function createFrameSource(frame: Frame): RowSource {
  const stride = frame.widthPx * frame.channels;
  return {
    widthPx: frame.widthPx,
    heightPx: frame.heightPx,
    channels: frame.channels,
    async readRows(y, count) {
      assertRows(y, count, frame.heightPx);
      return frame.data.subarray(y * stride, (y + count) * stride);
    },
  };
}

/** Creates a sink for a picture of this shape. Throws INTERNAL on a gap, a repeated row, part of a row, or rows past the end. */
export function createFrameSink(widthPx: number, heightPx: number, channels: Channels): FrameSink {
  assertShape(widthPx, heightPx, channels);
  const stride = widthPx * channels;
  const frame = createFrame(widthPx, heightPx, channels);
  let nextRow = 0;
  return {
    widthPx,
    heightPx,
    channels,
    async writeRows(y, rows) {
      const count = countNextRows(frame, nextRow, y, rows);
      frame.data.set(rows, y * stride);
      nextRow += count;
    },
    get frame() {
      if (nextRow !== heightPx) {
        throw new AppError(
          "INTERNAL",
          `Expected all ${heightPx} rows to be written before the frame is read, got ${nextRow}`,
        );
      }
      return frame;
    },
  };
}

/**
 * Returns the number of rows in these bytes, written from row `y` on. Throws INTERNAL unless they are whole, inside the picture,
 * and next.
 */
export function countNextRows(
  { widthPx, heightPx, channels }: Pick<RowSink, "widthPx" | "heightPx" | "channels">,
  nextRow: number,
  y: number,
  rows: Uint8Array,
): number {
  const stride = widthPx * channels;
  if (y !== nextRow) throw new AppError("INTERNAL", `Expected row ${nextRow} to be written next, got row ${y}`);
  if (rows.length % stride !== 0) {
    throw new AppError("INTERNAL", `Expected whole rows of ${stride} bytes, got ${rows.length} bytes`);
  }
  const count = rows.length / stride;
  assertRows(y, count, heightPx);
  return count;
}

/** Throws INTERNAL unless these are one or more rows of a picture of this height. */
export function assertRows(y: number, count: number, heightPx: number): void {
  if (!Number.isInteger(y) || !Number.isInteger(count) || y < 0 || count < 1 || y + count > heightPx) {
    throw new AppError("INTERNAL", `Expected rows inside 0 to ${heightPx}, got ${count} rows from ${y}`);
  }
}
