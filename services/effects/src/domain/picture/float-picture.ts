import { createRasterSink, type FrameStore, openRows } from "@pixelmesh/imaging";
import { type RowShape, rowBytes } from "../rows/rows.ts";
import type { PictureRows } from "./picture-rows.ts";

/** Writes the rows of a picture of floats: in order, without gaps, each row once. */
export type FloatPictureSink = {
  writeRows(top: number, rows: Uint8Array): Promise<void>;
  /** Ends the writing and opens the rows. Throws INTERNAL before the last row. */
  open(): Promise<OpenPictureRows>;
  /** Closes the sink of failed work. Does nothing after `open`. */
  abandon(): Promise<void>;
};

/** Rows that hold a file open until they are closed. */
export type OpenPictureRows = PictureRows & { close(): Promise<void> };

/** Returns the bytes of a picture of floats. */
export function floatPictureBytes(shape: RowShape): number {
  return shape.heightPx * rowBytes(shape, "floats");
}

/** Creates a picture of floats in a frame store: in memory if the store allows that, else in a file. */
export async function createFloatPicture(shape: RowShape, frameStore: FrameStore): Promise<FloatPictureSink> {
  // Rasters have bytes: the four bytes of a float take the place of four channels.
  const raster = { widthPx: shape.widthPx * shape.channels, heightPx: shape.heightPx, channels: 4 } as const;
  const sink = await createRasterSink(raster, frameStore);
  return {
    writeRows: (top, rows) => sink.writeRows(top, rows),
    async open() {
      const rows = await openRows(await sink.end());
      return { shape, format: "floats", channels: shape.channels, readRows: rows.readRows, close: rows.close };
    },
    abandon: () => sink.abandon(),
  };
}
