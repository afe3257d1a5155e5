import type { Pace } from "@pixelmesh/lifecycle";
import { createPlane, type Plane, type Size } from "../../src/domain/planes/plane.ts";

/** Red, green and blue of a picture, each a plane of values from 0 to 1. */
export type RgbPlanes = readonly [red: Plane, green: Plane, blue: Plane];

/** Creates a plane of values that are computed pixel by pixel, row by row. */
export async function computePlane(size: Size, pace: Pace, valueAt: (at: number) => number): Promise<Plane> {
  const plane = createPlane(size);
  for (let start = 0; start < plane.data.length; start += size.widthPx) {
    for (let at = start; at < start + size.widthPx; at++) plane.data[at] = valueAt(at);
    await pace(size.widthPx);
  }
  return plane;
}

/** Converts interleaved 8-bit RGB to planes. */
export async function toRgbPlanes(rgb: Uint8Array, size: Size, pace: Pace): Promise<RgbPlanes> {
  return mapChannels((channel) => computePlane(size, pace, (at) => (rgb[at * 3 + channel] as number) / 255));
}

/** Computes three planes one after another. */
export async function mapChannels(make: (channel: 0 | 1 | 2) => Promise<Plane>): Promise<RgbPlanes> {
  return [await make(0), await make(1), await make(2)];
}
