import type { Pace } from "@pixelmesh/lifecycle";
import { type LayerRadii, leastShare } from "../../src/domain/cut-out/plan-cut-out.ts";
import type { Plane } from "../../src/domain/planes/plane.ts";
import { boxMean } from "./box-mean.ts";
import { computePlane, mapChannels, type RgbPlanes } from "./rgb-planes.ts";

/** Smooth estimates of the object's and the background's colour at each pixel, sRGB-encoded samples from 0 to 1. */
export type LayerColors = { readonly foreground: RgbPlanes; readonly background: RgbPlanes };

/**
 * Estimates both layers of a picture from its alpha by blur fusion: M. Forte, "Approximate fast foreground colour estimation"
 * (2021), two rounds. `toForeground` of these gives the colour of an object's pixel.
 */
export async function estimateLayers(
  picture: RgbPlanes,
  alpha: Plane,
  [farPx, nearPx]: LayerRadii,
  pace: Pace,
): Promise<LayerColors> {
  const far = await blurLayers(picture, picture, alpha, farPx, pace);
  const object = await mapChannels((c) =>
    computePlane(alpha, pace, (at) =>
      toForeground(
        picture[c].data[at] as number,
        alpha.data[at] as number,
        far.foreground[c].data[at] as number,
        far.background[c].data[at] as number,
      ),
    ),
  );
  return blurLayers(object, far.background, alpha, nearPx, pace);
}

/**
 * Returns the object's own sample where `sample` is its mixture with the background: the estimate, corrected by the error of the
 * estimated mixture. At alpha 1 exactly `sample`. Within 0 to 1.
 */
export function toForeground(sample: number, alpha: number, foreground: number, background: number): number {
  if (alpha >= 1) return sample;
  const corrected = foreground + alpha * (sample - alpha * foreground - (1 - alpha) * background);
  return Math.min(1, Math.max(0, corrected));
}

async function blurLayers(
  foreground: RgbPlanes,
  background: RgbPlanes,
  alpha: Plane,
  radiusPx: number,
  pace: Pace,
): Promise<LayerColors> {
  const share = (await boxMean(alpha, radiusPx, pace)).data;
  const a = alpha.data;
  return {
    foreground: await mapChannels(async (c) => {
      const { data } = foreground[c];
      const weighted = await computePlane(alpha, pace, (at) => (data[at] as number) * (a[at] as number));
      const mean = (await boxMean(weighted, radiusPx, pace)).data;
      return computePlane(alpha, pace, (at) => (mean[at] as number) / ((share[at] as number) + leastShare));
    }),
    background: await mapChannels(async (c) => {
      const { data } = background[c];
      const weighted = await computePlane(alpha, pace, (at) => (data[at] as number) * (1 - (a[at] as number)));
      const mean = (await boxMean(weighted, radiusPx, pace)).data;
      return computePlane(alpha, pace, (at) => (mean[at] as number) / (1 - (share[at] as number) + leastShare));
    }),
  };
}
