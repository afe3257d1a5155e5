import { AppError } from "@pixelmesh/errors";
import { assertShape, type Channels, createFrame, type Frame } from "./frame.ts";

/**
 * Where rows of a picture are read from. Reads move downwards but may overlap: each `y` is at least the one before it
 * less the reader's halo. The bytes may be a view of the source's own memory and must not be written to.
 */
export type RowSource = {
  readonly widthPx: number;
  readonly heightPx: number;
  readonly channels: Channels;
  /** `count` whole rows from row `y` on, interleaved. */
  readRows(y: number, count: number): Promise<Uint8Array>;
};

/** Where rows of a picture are written to: in order, without gaps, each row once. */
export type RowSink = {
  readonly widthPx: number;
  readonly heightPx: number;
  readonly channels: Channels;
  /** One or more whole rows from row `y` on; the sink has no use for `rows` after the promise settles. */
  writeRows(y: number, rows: Uint8Array): Promise<void>;
  /** Memory of the sink's own where rows from `y` on will be, if it has some: rows that lie there are written without a copy. */
  roomFor?(y: number, count: number): Uint8Array | undefined;
  /** `roomFor` rows that need not be next: for a writer that holds rows back. */
  roomAhead?(y: number, count: number): Uint8Array | undefined;
};

/** A sink that fills a frame. `frame` is whole after its last row; reading it earlier throws INTERNAL. */
export type FrameSink = RowSink & { readonly frame: Frame };

/** A frame as a row source. Reads are views, not copies, and any order of reads is fine. Throws INTERNAL outside the frame. */
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

/** A sink for a picture of this shape. Throws INTERNAL on a gap, a repeated row, part of a row, or rows past the end. */
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

/** How many rows these bytes are, written from row `y` on. Throws INTERNAL unless they are whole, inside the picture, and next. */
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
