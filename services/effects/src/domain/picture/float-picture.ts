import { createRasterSink, type FrameStore, openRows, type Raster } from "@pixelmesh/imaging";
import { type RowShape, rowBytes } from "../rows/rows.ts";
import type { PictureRows } from "./picture-rows.ts";

/** A picture of floats between two effects: its shape, and the raster in which each four bytes are a float. */
export type FloatPicture = { readonly shape: RowShape; readonly raster: Raster };

/** Writes the rows of a picture of floats: in order, without gaps, each row once. */
export type FloatPictureSink = {
  writeRows(top: number, rows: Uint8Array): Promise<void>;
  /** Ends the writing. Throws INTERNAL before the last row. */
  end(): Promise<FloatPicture>;
  /** Does the same and opens the rows. */
  open(): Promise<OpenPictureRows>;
  /** Closes the sink of failed work. Does nothing after `end`. */
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
  const end = async () => ({ shape, raster: await sink.end() });
  return {
    writeRows: (top, rows) => sink.writeRows(top, rows),
    end,
    open: async () => openFloatPicture(await end()),
    abandon: () => sink.abandon(),
  };
}

/** Opens the rows of a picture of floats, for reads in any order. */
export async function openFloatPicture({ shape, raster }: FloatPicture): Promise<OpenPictureRows> {
  const { readRows, close } = await openRows(raster);
  return { shape, format: "floats", channels: shape.channels, readRows, close };
}
