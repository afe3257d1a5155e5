import { fromRaster, toRaster } from "../engine/raw-pixels.ts";
import { assertShape, type Frame } from "../frames/frame.ts";
import { type FrameStore, memoryFrameStore } from "../frames/frame-store.ts";
import type { Raster } from "../frames/raster.ts";
import { toWholeFrame } from "../frames/raster-rows.ts";

/** Interpolation of new pixels. `lanczos3` is the sharpest for photographs, `nearest` keeps hard pixels. */
export type ResizeKernel = "lanczos3" | "cubic" | "nearest";

/**
 * Resizes the frame to exactly these sides, antialiased when it shrinks. Colours are weighted by alpha, so colours under
 * transparent parts do not bleed into edges. On a background, partly transparent pixels are within 2 levels of exact (8-bit
 * premultiplication), opaque ones exact. Returns a frame of that size unchanged.
 */
export async function resizeFrame(
  frame: Frame,
  widthPx: number,
  heightPx: number,
  kernel: ResizeKernel = "lanczos3",
): Promise<Frame> {
  return toWholeFrame(await resizeRaster(frame, widthPx, heightPx, kernel, memoryFrameStore));
}

/** Does the same as `resizeFrame` for pictures in memory or in files. */
export async function resizeRaster(
  raster: Raster,
  widthPx: number,
  heightPx: number,
  kernel: ResizeKernel,
  frameStore: FrameStore,
): Promise<Raster> {
  const { channels } = raster;
  assertShape(widthPx, heightPx, channels);
  if (raster.widthPx === widthPx && raster.heightPx === heightPx) return raster;
  const image = fromRaster(raster).resize({ width: widthPx, height: heightPx, fit: "fill", kernel });
  return toRaster(image, { widthPx, heightPx, channels }, frameStore);
}
