import { assertShape, type Frame } from "./frame.ts";
import type { Raster } from "./rasters/raster.ts";
import { toWholeFrame } from "./rasters/raster-rows.ts";
import { memoryRoom, type Room } from "./rasters/room.ts";
import { fromRaster, toRaster } from "./raw.ts";

/** How new pixels are made of old ones; `lanczos3` is the sharpest for photographs, `nearest` keeps hard pixels. */
export type ResizeKernel = "lanczos3" | "cubic" | "nearest";

/**
 * The frame stretched to exactly these sides, antialiased where it shrinks. Colours are weighted by alpha, so what hides
 * under transparent parts never bleeds into their edges; laid on a background, partly transparent pixels are within 2
 * levels of exact (8-bit premultiplication), opaque ones exact. A frame of that size already is returned as it is.
 */
export async function resizeFrame(
  frame: Frame,
  widthPx: number,
  heightPx: number,
  kernel: ResizeKernel = "lanczos3",
): Promise<Frame> {
  return toWholeFrame(await resizeRaster(frame, widthPx, heightPx, kernel, memoryRoom));
}

/** `resizeFrame` for pictures that may lie in files, and become one. */
export async function resizeRaster(
  raster: Raster,
  widthPx: number,
  heightPx: number,
  kernel: ResizeKernel,
  room: Room,
): Promise<Raster> {
  const { channels } = raster;
  assertShape(widthPx, heightPx, channels);
  if (raster.widthPx === widthPx && raster.heightPx === heightPx) return raster;
  const image = fromRaster(raster).resize({ width: widthPx, height: heightPx, fit: "fill", kernel });
  return toRaster(image, { widthPx, heightPx, channels }, room);
}
