import type { Pace } from "@pixelmesh/lifecycle";
import { squaredDistances } from "../planes/distance.ts";
import { createPlane, type Plane, type Size } from "../planes/plane.ts";

/** A value from here on belongs to the object. */
const objectFrom = 0.5;

/**
 * The band on each side of an edge, as a share of the picture's longer side. On the GrabCut photographs it lowers the mean error of alpha from 0.106 to 0.092 with the bundled model, and keeps that of u2netp (0.056); the
 * overlap stays. A band of 0.01 lowers the errors further, to 0.087 and 0.055, but their masks have no hair.
 */
export const defaultBandShare = 0.03;

/**
 * Decides a matte except in a band along its edge: pixels of the object farther than `bandPx` from the background become 1, and pixels of the background farther than that from
 * the object become 0. Distances are those of the picture over which the matte is stretched, in px.
 */
export async function decideOutsideBand(matte: Plane, picture: Size, bandPx: number, pace: Pace): Promise<Plane> {
  const { data } = matte;
  const spacing = { x: picture.widthPx / matte.widthPx, y: picture.heightPx / matte.heightPx };
  const isObject = (at: number) => (data[at] as number) >= objectFrom;
  const toObject = await squaredDistances(matte, isObject, spacing, pace);
  const toBackground = await squaredDistances(matte, (at) => !isObject(at), spacing, pace);
  const farthest = bandPx * bandPx;
  const decided = data.map((value, at) => {
    if ((toBackground[at] as number) > farthest) return 1;
    return (toObject[at] as number) > farthest ? 0 : value;
  });
  return createPlane(matte, decided);
}
