import { expected } from "@pixelmesh/errors";
import { PreviewMode } from "@pixelmesh/proto";

/** Longest longer side of a preview, in pixels. Sources are kept at this size. */
export const maxPreviewSidePx = 1_024;

const minPreviewSidePx = 16;

/** Longer side of a preview of each mode, in pixels. */
const sideOfMode: ReadonlyMap<PreviewMode, number> = new Map([
  [PreviewMode.FAST, 300],
  [PreviewMode.BALANCED, 500],
  [PreviewMode.HIGH, 800],
]);

/**
 * Returns the longer side of a preview in pixels: `max_side_px`, or the side of the mode: 300 (fast, the default), 500 (balanced) or 800
 * (high). Throws INVALID_ARGUMENT for a side outside 16 to 1024, another mode, and for both together.
 */
export function parsePreviewSide(maxSidePx: number, mode: PreviewMode = PreviewMode.UNSPECIFIED): number {
  const ofMode = sideOfMode.get(mode);
  if (ofMode === undefined && mode !== PreviewMode.UNSPECIFIED) throw expected("mode", "fast, balanced or high", mode);
  if (maxSidePx === 0) return ofMode ?? (sideOfMode.get(PreviewMode.FAST) as number);
  if (ofMode !== undefined) throw expected("max_side_px", "0 together with a mode", maxSidePx);
  if (Number.isInteger(maxSidePx) && maxSidePx >= minPreviewSidePx && maxSidePx <= maxPreviewSidePx) return maxSidePx;
  throw expected("max_side_px", `an integer from ${minPreviewSidePx} to ${maxPreviewSidePx}`, maxSidePx);
}

/** Width and height in pixels. */
export type PreviewSize = { readonly widthPx: number; readonly heightPx: number };

/**
 * Returns the size of a picture shrunk to fit a square of `maxSidePx`: same shape, sides rounded and at least 1. A picture that
 * fits keeps its size.
 */
export function previewSize(widthPx: number, heightPx: number, maxSidePx: number): PreviewSize {
  const scale = Math.min(1, maxSidePx / Math.max(widthPx, heightPx));
  return { widthPx: Math.max(1, Math.round(widthPx * scale)), heightPx: Math.max(1, Math.round(heightPx * scale)) };
}

/** Returns the factor by which a picture was shrunk, by its longer sides: above 0 to 1. */
export function previewFactor(size: PreviewSize, source: PreviewSize): number {
  return Math.max(size.widthPx, size.heightPx) / Math.max(source.widthPx, source.heightPx);
}
