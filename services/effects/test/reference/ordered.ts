import type { ThresholdMap } from "../../src/domain/dither/thresholds.ts";
import type { Quantizer } from "./error-diffusion.ts";
import type { Tones } from "./tones.ts";

/**
 * Creates ordered dithering: a tone between two levels becomes the upper one if its position between them is above the threshold
 * at that pixel. `strength` shrinks the thresholds towards ½. At 0, and without a map, each tone becomes its nearest level.
 */
export function createOrdered(
  tones: Pick<Tones, "levels" | "planes">,
  options: { map?: ThresholdMap | undefined; strength: number },
): Quantizer {
  const { levels, planes } = tones;
  const { sizePx, thresholds } = options.map ?? { sizePx: 1, thresholds: Float32Array.of(0.5) };
  const shrunk = Float64Array.from(thresholds, (threshold) => 0.5 + (threshold - 0.5) * options.strength);
  const last = levels.length - 2;
  return (row, y, indices) => {
    const mapRow = (y % sizePx) * sizePx;
    for (let i = 0, x = 0; i < row.length; x++) {
      const threshold = shrunk[mapRow + (x % sizePx)] as number;
      for (const end = i + planes; i < end; i++) {
        const tone = row[i] as number;
        let below = 0;
        while (below < last && tone >= (levels[below + 1] as number)) below++;
        const from = levels[below] as number;
        const share = (tone - from) / ((levels[below + 1] as number) - from);
        indices[i] = share >= threshold ? below + 1 : below;
      }
    }
  };
}
