import type { Size } from "../planes/plane.ts";
import { createSampler } from "../planes/sampler.ts";
import type { FittedMatte } from "./fit-matte.ts";

/**
 * Values this close to 0 or 1 become certain: windows that see a little of the other side never reach the ends. On known mattes
 * (see the tests), 0.15 to 0.2 gives the smallest error and keeps hair.
 */
export const certainShare = 0.15;

/**
 * Creates a reader of alpha, 0 to 1, for the rows of a picture of `size`, from a fitted matte. `rgb` are the row's interleaved
 * 8-bit samples. The result is reused by the next call.
 */
export function createAlphaReader(fitted: FittedMatte, size: Size): (rgb: Uint8Array, y: number) => Float32Array {
  const slopes = fitted.slopes.map((plane) => createSampler(plane, size));
  const offset = createSampler(fitted.offset, size);
  const out = new Float32Array(size.widthPx);
  return (rgb, y) => {
    out.set(offset.row(y));
    slopes.forEach((sampler, channel) => {
      const slope = sampler.row(y);
      for (let x = 0; x < out.length; x++) {
        out[x] = (out[x] as number) + ((slope[x] as number) * (rgb[x * 3 + channel] as number)) / 255;
      }
    });
    for (let x = 0; x < out.length; x++) {
      out[x] = Math.min(1, Math.max(0, ((out[x] as number) - certainShare) / (1 - 2 * certainShare)));
    }
    return out;
  };
}
