import type { Pace } from "@pixelmesh/lifecycle";
import { computePlane, type Plane, type Size } from "./plane.ts";

/** Red, green and blue of a picture, each a plane of values from 0 to 1. */
export type RgbPlanes = readonly [red: Plane, green: Plane, blue: Plane];

/** Converts interleaved 8-bit RGB to planes. */
export async function toRgbPlanes(rgb: Uint8Array, size: Size, pace: Pace): Promise<RgbPlanes> {
  return mapChannels((channel) => computePlane(size, pace, (at) => (rgb[at * 3 + channel] as number) / 255));
}

/** Computes three planes one after another. */
export async function mapChannels(make: (channel: 0 | 1 | 2) => Promise<Plane>): Promise<RgbPlanes> {
  return [await make(0), await make(1), await make(2)];
}
