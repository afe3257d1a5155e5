import type { Tap } from "../../src/domain/dither/diffusions.ts";
import type { Tones } from "./tones.ts";

/** Chooses a level for each tone of a row. Called once for each row, top-down. `alpha` returns the alpha of a pixel. */
export type Quantizer = (tones: Float32Array, y: number, indices: Uint8Array, alpha: (x: number) => number) => void;

// No tap reaches further sideways or down.
const reach = 2;

/**
 * Creates error diffusion. `strength` is the share of an error that is passed on. With `serpentine` every other row runs from
 * right to left with mirrored taps. Errors that leave the picture are dropped, and fully transparent pixels pass none on.
 */
export function createDiffusion(
  widthPx: number,
  tones: Pick<Tones, "levels" | "nearest" | "planes">,
  options: { taps: readonly Tap[]; strength: number; serpentine: boolean },
): Quantizer {
  const { levels, nearest, planes } = tones;
  const margin = reach * planes;
  const stride = widthPx * planes + 2 * margin;
  // Errors for this row and the two below it, as a ring, with margins for errors that leave the picture.
  const rows = reach + 1;
  const owed = new Float64Array(rows * stride);
  const shares = Float64Array.from(options.taps, ([, , share]) => share * options.strength);

  return (row, y, indices, alpha) => {
    const backwards = options.serpentine && y % 2 === 1;
    const here = (y % rows) * stride + margin;
    const offsets = Int32Array.from(options.taps, ([right, down]) => {
      const sideways = backwards ? -right : right;
      return ((y + down) % rows) * stride + margin + sideways * planes;
    });
    for (let step = 0; step < widthPx; step++) {
      const x = backwards ? widthPx - 1 - step : step;
      const visible = alpha(x) > 0;
      for (let i = x * planes; i < (x + 1) * planes; i++) {
        const wanted = (row[i] as number) + (owed[here + i] as number);
        const index = nearest(wanted);
        indices[i] = index;
        if (!visible) continue;
        const error = wanted - (levels[index] as number);
        for (let tap = 0; tap < shares.length; tap++) {
          const to = i + (offsets[tap] as number);
          owed[to] = (owed[to] as number) + error * (shares[tap] as number);
        }
      }
    }
    owed.fill(0, here - margin, here - margin + stride);
  };
}
