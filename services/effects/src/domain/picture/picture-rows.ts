import type { Channels, RowSource } from "@pixelmesh/imaging";
import type { KernelSpace } from "../../kernels/kernel-space.ts";
import { type Row, type RowFormat, type RowShape, rowBytes } from "../rows/rows.ts";

/** The rows of a whole picture, to read in any order. */
export type PictureRows = {
  /** The picture as a chain sees it: RGB or RGBA. */
  readonly shape: RowShape;
  readonly format: RowFormat;
  /** Channels of the bytes that are read: 1 or 2 for a grey picture, else those of the shape. Rows of floats are never grey. */
  readonly channels: Channels;
  /**
   * Resolves to whole rows from `top` on: a view of memory that is not to be changed, or `spare`, memory of their exact length that the caller has for
   * them.
   */
  readRows(top: number, count: number, spare?: Uint8Array): Promise<Uint8Array>;
};

/** Returns the shape of a picture inside a chain: its size in RGB, with alpha if the picture has it. */
export function chainShape(picture: Pick<RowSource, "widthPx" | "heightPx" | "channels">): RowShape {
  const channels = picture.channels === 2 || picture.channels === 4 ? 4 : 3;
  return { widthPx: picture.widthPx, heightPx: picture.heightPx, channels };
}

/** Returns a picture of bytes as rows of a chain. */
export function toPictureRows(source: RowSource): PictureRows {
  return {
    shape: chainShape(source),
    format: "bytes",
    channels: source.channels,
    readRows: (top, count, spare) => source.readRows(top, count, spare),
  };
}

/** Reads rows of a picture into the memory of kernels. */
export type RowReader = {
  /** Bytes from one row to the next. */
  readonly stride: number;
  /** Resolves to the address of `count` rows from `top` on, in the picture's format, grey spread over three channels. Valid until the next read. */
  read(top: number, count: number): Promise<Row>;
};

/** Creates a reader of at most `maxRows` rows at once. */
export function createRowReader(space: KernelSpace, picture: PictureRows, maxRows: number): RowReader {
  const { shape, format, channels } = picture;
  const stride = rowBytes(shape, format);
  const memory = space.allocate(maxRows * stride);
  const isGrey = channels < 3;
  const givenStride = isGrey ? shape.widthPx * channels : stride;
  const grey = isGrey ? space.allocate(maxRows * givenStride) : memory;
  return {
    stride,
    async read(top, count) {
      // Nothing grows the memory of the kernels meanwhile: the chain waits for these rows.
      const spare = space.bytes(grey, count * givenStride);
      const rows = await picture.readRows(top, count, spare);
      if (rows !== spare) space.bytes(grey, rows.length).set(rows);
      if (isGrey) space.kernels.greyToRgb(grey, channels, count * shape.widthPx, memory);
      return memory;
    },
  };
}
