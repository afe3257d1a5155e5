import { certainShare } from "../../src/domain/cut-out/plan-cut-out.ts";
import type { Size } from "../../src/domain/planes/plane.ts";
import type { FittedMatte } from "./fit-matte.ts";
import { createSampler } from "./sampler.ts";

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
