import type { Pace } from "@pixelmesh/lifecycle";
import { createPlane, type Plane, type Size } from "../../src/domain/planes/plane.ts";
import { squaredDistances } from "./distance.ts";

/** The reference of `decideOutsideBand`: the same by distances of all pixels. */
export async function decideReference(matte: Plane, picture: Size, bandPx: number, pace: Pace): Promise<Plane> {
  const { data } = matte;
  const spacing = { x: picture.widthPx / matte.widthPx, y: picture.heightPx / matte.heightPx };
  const isObject = (at: number) => (data[at] as number) >= 0.5;
  const toObject = await squaredDistances(matte, isObject, spacing, pace);
  const toBackground = await squaredDistances(matte, (at) => !isObject(at), spacing, pace);
  const farthest = bandPx * bandPx;
  const decided = data.map((value, at) => {
    if ((toBackground[at] as number) > farthest) return 1;
    return (toObject[at] as number) > farthest ? 0 : value;
  });
  return createPlane(matte, decided);
}
