import type { Pace } from "@pixelmesh/lifecycle";

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

/** Creates a plane over `data`, or over zeros. */
export function createPlane({ widthPx, heightPx }: Size, data = new Float32Array(widthPx * heightPx)): Plane {
  return { widthPx, heightPx, data };
}

/** Creates a plane of values that are computed pixel by pixel, row by row. */
export async function computePlane(size: Size, pace: Pace, valueAt: (at: number) => number): Promise<Plane> {
  const plane = createPlane(size);
  for (let start = 0; start < plane.data.length; start += size.widthPx) {
    for (let at = start; at < start + size.widthPx; at++) plane.data[at] = valueAt(at);
    await pace(size.widthPx);
  }
  return plane;
}
