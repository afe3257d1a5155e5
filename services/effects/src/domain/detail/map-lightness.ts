import { detailKernels } from "../../kernels/detail-kernels.ts";
import type { RowTarget, Stage, StageContext } from "../rows/rows.ts";
import type { BlurShape } from "./blur-shape.ts";
import { mapBlurred } from "./map-blurred.ts";

/** How the OKLab lightness of a pixel, 0 to 1, moves away from the blurred one. Hue and chroma stay. */
export type LightnessChange = {
  /** Factor of the difference; negative to bring both closer. */
  readonly amount: number;
  /** Differences up to this have no effect; larger ones are less by it. */
  readonly threshold?: number;
  /** A difference of this size has half its effect, larger ones even less. Infinite by default: no damping. */
  readonly halfAt?: number;
  /** Share of the effect that is 4 L (1 - L), from 0 (as in all tones) to 1 (none in black and white). */
  readonly midtones?: number;
  /** The largest change either way. */
  readonly limit?: number;
};

/** Returns a stage that changes the lightness by its difference from its blurred self, whose means are weighted by alpha. */
export function mapLightness(
  context: StageContext,
  shape: BlurShape,
  { amount, threshold = 0, halfAt = Number.POSITIVE_INFINITY, midtones = 0, limit = 1 }: LightnessChange,
  target: RowTarget,
): Stage {
  const { widthPx, channels } = context.shape;
  const { toCones, changeLightness } = context.space.use(detailKernels);
  const planeSamples = Math.ceil(widthPx / 4) * 4;
  const stride = planeSamples * 4;
  return mapBlurred(
    context,
    shape,
    {
      channels: channels === 4 ? 2 : 1,
      keptSamples: planeSamples * channels,
      prepare: (row, values, kept) => toCones(row, channels, widthPx, kept, stride, values),
      paint: (blurred, kept, to) =>
        changeLightness(
          ...([kept, stride, blurred, channels, widthPx] as const),
          ...([amount, threshold, 1 / halfAt ** 2, midtones, limit, to] as const),
        ),
    },
    target,
  );
}
