import type { ModelEntry } from "./manifest.ts";

/** Width and height in pixels. */
type Size = { readonly widthPx: number; readonly heightPx: number };

/**
 * Returns the size at which a matte model gets a picture: its fixed size, over which the picture is stretched, or that of its rule for open sizes. Such a
 * size keeps the shape of the picture, except that its sides are rounded down to multiples, are never below the least side, and have at most the
 * rule's pixels together.
 */
export function matteInputSize(
  { input, sizeMultiple }: Pick<ModelEntry, "input" | "sizeMultiple">,
  picture: Size,
): Size {
  const { fixedSizePx, openSizePx } = input;
  if (fixedSizePx !== null || openSizePx === null) return fixedSizePx ?? picture;
  const { shorterSidePx, leastSidePx, mostPixels } = openSizePx;
  const widthPx = Math.max(1, picture.widthPx);
  const heightPx = Math.max(1, picture.heightPx);
  const [shorter, longer] = [Math.min(widthPx, heightPx), Math.max(widthPx, heightPx)];
  const isScaled = shorterSidePx !== null && (longer < shorterSidePx || shorter > shorterSidePx);
  const wanted = isScaled ? shorterSidePx / shorter : 1;
  const scale = Math.min(wanted, Math.sqrt(mostPixels / (widthPx * heightPx)));
  const toSide = (px: number) =>
    toMultiple(Math.max(px, toMultiple(leastSidePx + sizeMultiple - 1, sizeMultiple)), sizeMultiple);
  const width = toSide(widthPx * scale);
  const height = toSide(heightPx * scale);
  // The least side may have added pixels.
  const bound = (px: number, other: number) =>
    Math.max(sizeMultiple, Math.min(px, toMultiple(mostPixels / other, sizeMultiple)));
  return width >= height
    ? { widthPx: bound(width, height), heightPx: height }
    : { widthPx: width, heightPx: bound(height, width) };
}

/** Rounds down. A product that is a whole number may lie below it by an error of rounding. */
function toMultiple(px: number, multiple: number): number {
  return Math.floor((px + 1e-6) / multiple) * multiple;
}
