import type { Pace } from "@pixelmesh/lifecycle";
import type { Plane } from "../../src/domain/planes/plane.ts";
import { fillRadii } from "../../src/domain/replace/fill.ts";
import { boxMean } from "./box-mean.ts";
import { computePlane, mapChannels, type RgbPlanes } from "./rgb-planes.ts";

// A window's colour counts fully from this visible share on; below, wider windows take over gradually.
const trusted = 0.1;

/**
 * The reference of `fill`. Estimates a picture where it is hidden: each pixel gets the mean of the visible colours around it, from the smallest window
 * that sees enough of them. `hidden` is 0 to 1. Windows double from 1 px to more than the picture, so every pixel gets a colour.
 * If nothing is visible, the picture's own colours are kept.
 */
export async function fillHole(picture: RgbPlanes, hidden: Plane, pace: Pace): Promise<RgbPlanes> {
  const visible = await computePlane(hidden, pace, (at) => 1 - (hidden.data[at] as number));
  const weighted = await mapChannels((c) =>
    computePlane(hidden, pace, (at) => (picture[c].data[at] as number) * (visible.data[at] as number)),
  );
  let filled = picture;
  // From the widest window to the narrowest. Each overrides the ones before it where it sees enough.
  for (const radius of fillRadii(hidden).reverse()) {
    const share = (await boxMean(visible, radius, pace)).data;
    const before = filled;
    filled = await mapChannels(async (c) => {
      const mean = (await boxMean(weighted[c], radius, pace)).data;
      return computePlane(hidden, pace, (at) => {
        const seen = share[at] as number;
        const old = before[c].data[at] as number;
        // Running sums leave rounding errors where nothing is visible.
        if (seen < 1e-4) return old;
        return old + ((mean[at] as number) / seen - old) * Math.min(1, seen / trusted);
      });
    });
  }
  return filled;
}
