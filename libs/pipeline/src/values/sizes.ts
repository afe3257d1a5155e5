/** Width and height of a picture in pixels; both 0 where unknown. */
export type Size = { readonly widthPx: number; readonly heightPx: number };

/** Bounds that a picture is shrunk to; 0: no bound. */
export type Bounds = { readonly maxSidePx: number; readonly maxPixels: number };

/** The size of a picture whose size only the worker will know. */
export const unknownSize: Size = Object.freeze({ widthPx: 0, heightPx: 0 });

/** Pixels of a picture. */
export function pixelsOf(size: Size): number {
  return size.widthPx * size.heightPx;
}

/** Whether a picture lies within bounds. A picture of unknown size does. */
export function fits(size: Size, { maxSidePx, maxPixels }: Bounds): boolean {
  const longest = Math.max(size.widthPx, size.heightPx);
  return (maxSidePx === 0 || longest <= maxSidePx) && (maxPixels === 0 || pixelsOf(size) <= maxPixels);
}

/** The largest size of the same shape within bounds; the size itself if it fits. No side falls below 1 px. */
export function fitWithin(size: Size, bounds: Bounds): Size {
  if (fits(size, bounds)) return size;
  const { widthPx, heightPx } = size;
  const bySide = bounds.maxSidePx === 0 ? 1 : bounds.maxSidePx / Math.max(widthPx, heightPx);
  const byPixels = bounds.maxPixels === 0 ? 1 : Math.sqrt(bounds.maxPixels / pixelsOf(size));
  const factor = Math.min(bySide, byPixels);
  const rounded = { widthPx: roundSide(widthPx * factor), heightPx: roundSide(heightPx * factor) };
  if (fits(rounded, bounds)) return rounded;
  const floored = { widthPx: Math.floor(widthPx * factor) || 1, heightPx: Math.floor(heightPx * factor) || 1 };
  // A side that is raised to 1 px leaves fewer pixels for the other side.
  return {
    widthPx: Math.min(floored.widthPx, Math.floor(bounds.maxPixels / floored.heightPx) || 1),
    heightPx: Math.min(floored.heightPx, Math.floor(bounds.maxPixels / floored.widthPx) || 1),
  };
}

function roundSide(side: number): number {
  return Math.max(1, Math.round(side));
}
