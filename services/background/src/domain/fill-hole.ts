import type { Pace } from "@pixelmesh/lifecycle";
import { boxMean } from "./box-mean.ts";
import { computePlane, type Plane } from "./plane.ts";
import { mapChannels, type RgbPlanes } from "./rgb-planes.ts";

// A window tells a colour once this share of it is background; below, wider windows take over by degrees.
const trusted = 0.1;

/**
 * What a picture may look like where it is hidden: at each place the mean of the visible colours around it, from the smallest
 * window that sees enough of them. `hidden` is 0 to 1. Windows double from 1 px to more than the picture, so every place gets
 * a colour unless nothing at all is visible: then the picture's own are kept.
 */
export async function fillHole(picture: RgbPlanes, hidden: Plane, pace: Pace): Promise<RgbPlanes> {
  const visible = await computePlane(hidden, pace, (at) => 1 - (hidden.data[at] as number));
  const weighted = await mapChannels((c) =>
    computePlane(hidden, pace, (at) => (picture[c].data[at] as number) * (visible.data[at] as number)),
  );
  const radii: number[] = [];
  for (let radius = 1; radius < 2 * Math.max(hidden.widthPx, hidden.heightPx); radius *= 2) radii.push(radius);
  let filled = picture;
  // From the widest window to the narrowest, each covering the ones before it where it can be trusted.
  for (const radius of radii.reverse()) {
    const share = (await boxMean(visible, radius, pace)).data;
    const before = filled;
    filled = await mapChannels(async (c) => {
      const mean = (await boxMean(weighted[c], radius, pace)).data;
      return computePlane(hidden, pace, (at) => {
        const seen = share[at] as number;
        const old = before[c].data[at] as number;
        // Running sums leave crumbs where nothing is visible.
        if (seen < 1e-4) return old;
        return old + ((mean[at] as number) / seen - old) * Math.min(1, seen / trusted);
      });
    });
  }
  return filled;
}
