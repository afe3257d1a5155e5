import type { Channels, Frame } from "./frame.ts";

/**
 * A picture whose pixels lie in a file, in a frame's row order after a header of 64 bytes. This is libvips' own `.v` format,
 * which it reads by memory map. For pictures that should not be whole in memory.
 */
export type FrameFile = {
  readonly widthPx: number;
  readonly heightPx: number;
  readonly channels: Channels;
  readonly path: string;
};

/** A decoded picture: a frame in memory or a frame in a file. */
export type Raster = Frame | FrameFile;

/** Sides and channels of a picture. */
export type Shape = Pick<Frame, "widthPx" | "heightPx" | "channels">;

/** Whether a raster's pixels lie in a file. */
export function isFrameFile(raster: Raster): raster is FrameFile {
  return "path" in raster;
}

/** Returns the bytes of a picture's pixels. */
export function rasterBytes({ widthPx, heightPx, channels }: Shape): number {
  return widthPx * heightPx * channels;
}
