import { expected } from "@pixelmesh/errors";

/** Default limit of a preview's longer side, in pixels. */
export const defaultPreviewSidePx = 300;

/** Checks a caller's `max_side_px`; 0 means the default of 300. Throws INVALID_ARGUMENT outside 16 to 1024. */
export function parsePreviewSide(maxSidePx: number, field = "max_side_px"): number {
  if (maxSidePx === 0) return defaultPreviewSidePx;
  if (Number.isInteger(maxSidePx) && maxSidePx >= 16 && maxSidePx <= 1024) return maxSidePx;
  throw expected(field, "an integer from 16 to 1024", maxSidePx);
}

/**
 * Returns the size of a picture shrunk to fit a square of `maxSidePx`: same shape, sides rounded and at least 1. A picture that
 * fits keeps its size.
 */
export function previewSize(
  widthPx: number,
  heightPx: number,
  maxSidePx: number,
): { widthPx: number; heightPx: number } {
  const scale = Math.min(1, maxSidePx / Math.max(widthPx, heightPx));
  return { widthPx: Math.max(1, Math.round(widthPx * scale)), heightPx: Math.max(1, Math.round(heightPx * scale)) };
}
