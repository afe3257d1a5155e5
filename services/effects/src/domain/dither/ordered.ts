import type { StageContext } from "../rows/rows.ts";
import type { ThresholdMap } from "./thresholds.ts";
import type { Quantizer, Tones } from "./tones.ts";

/**
 * Creates ordered dithering: a tone between two levels becomes the upper one if its position between them is above the threshold
 * at that pixel. `strength` shrinks the thresholds towards ½. At 0, and without a map, each tone becomes its nearest level.
 */
export function createOrdered(
  { space, shape }: StageContext,
  { levels, planes, tones, indices }: Tones,
  options: { map?: ThresholdMap | undefined; strength: number },
): Quantizer {
  // The sizes of maps are powers of two.
  const { sizePx, thresholds } = options.map ?? { sizePx: 1, thresholds: Float32Array.of(0.5) };
  const shrunk = space.constant(Float64Array.from(thresholds, (value) => 0.5 + (value - 0.5) * options.strength));
  const levelTable = space.constant(levels);
  const { order } = space.kernels;
  return (_row, y) => {
    const thresholdsOfRow = shrunk + (y % sizePx) * sizePx * 8;
    order(tones, shape.widthPx, planes, levelTable, levels.length, thresholdsOfRow, sizePx - 1, indices);
  };
}
