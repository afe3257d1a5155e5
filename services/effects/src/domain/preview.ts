import { expected } from "@pixelmesh/errors";

/** The longer side that a preview has at most where the caller names none, in pixels. */
export const defaultPreviewSidePx = 300;

/** A caller's `max_side_px`: 0 is the default of 300. Throws INVALID_ARGUMENT outside 16 to 1024. */
export function parsePreviewSide(maxSidePx: number, field = "max_side_px"): number {
  if (maxSidePx === 0) return defaultPreviewSidePx;
  if (Number.isInteger(maxSidePx) && maxSidePx >= 16 && maxSidePx <= 1024) return maxSidePx;
  throw expected(field, "an integer from 16 to 1024", maxSidePx);
}

/**
 * The size of a picture shrunk to fit a square of `maxSidePx`: same shape, sides rounded and at least 1. A picture that
 * fits already keeps its size.
 */
export function previewSize(
  widthPx: number,
  heightPx: number,
  maxSidePx: number,
): { widthPx: number; heightPx: number } {
  const scale = Math.min(1, maxSidePx / Math.max(widthPx, heightPx));
  return { widthPx: Math.max(1, Math.round(widthPx * scale)), heightPx: Math.max(1, Math.round(heightPx * scale)) };
}
