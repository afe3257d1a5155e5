import { assertShape, type Frame } from "./frame.ts";
import { fromFrame, toFrame } from "./raw.ts";

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
  assertShape(widthPx, heightPx, frame.channels);
  if (frame.widthPx === widthPx && frame.heightPx === heightPx) return frame;
  const image = fromFrame(frame).resize({ width: widthPx, height: heightPx, fit: "fill", kernel });
  return toFrame(image, widthPx, heightPx, frame.channels);
}
