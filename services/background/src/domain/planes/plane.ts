/** One value for each pixel, rows top-down. */
export type Plane = { readonly widthPx: number; readonly heightPx: number; readonly data: Float32Array };

/** Width and height of a picture. */
export type Size = { readonly widthPx: number; readonly heightPx: number };

/**
 * Returns the size of a picture shrunk to a longer side of at most `maxSidePx`, never enlarged. Sides are rounded and at least
 * 1.
 */
export function fitSize({ widthPx, heightPx }: Size, maxSidePx: number): Size {
  const scale = Math.min(1, maxSidePx / Math.max(widthPx, heightPx));
  return { widthPx: Math.max(1, Math.round(widthPx * scale)), heightPx: Math.max(1, Math.round(heightPx * scale)) };
}

/** Returns how many pixels of `size`, stretched over a picture, lie along the picture's longer side. */
export function alongLongerSide(picture: Size, size: Size): number {
  return picture.widthPx >= picture.heightPx ? size.widthPx : size.heightPx;
}

/** Creates a plane over `data`, or over zeros. */
export function createPlane({ widthPx, heightPx }: Size, data = new Float32Array(widthPx * heightPx)): Plane {
  return { widthPx, heightPx, data };
}

/**
 * Returns the two pixels of a side of `sourceLength` between whose centres pixel `i` of a side of `length` lies, and the second
 * one's share. Beyond the outer centres the outer pixels are repeated.
 */
export function placeOf(i: number, length: number, sourceLength: number): { from: number; to: number; share: number } {
  const place = Math.min(Math.max(((i + 0.5) * sourceLength) / length - 0.5, 0), sourceLength - 1);
  const from = Math.floor(place);
  return { from, to: Math.min(from + 1, sourceLength - 1), share: place - from };
}
