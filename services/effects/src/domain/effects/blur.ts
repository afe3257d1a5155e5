import { detailKernels } from "../../kernels/detail-kernels.ts";
import { defineEffect } from "../catalogue/define-effect.ts";
import { choice, number } from "../catalogue/parameters.ts";
import { type BlurShape, box, disc, gaussian } from "../detail/blur-shape.ts";
import { mapBlurred } from "../detail/map-blurred.ts";

const shapes = {
  gaussian: (radiusPx) => gaussian(radiusPx / 2),
  box,
  lens: disc,
} as const satisfies Record<string, (radiusPx: number) => BlurShape>;

/** Blurs in linear light, weighted by alpha: Gaussian, a square's mean, or the disc of a lens out of focus. Edges are repeated. */
export const blur = defineEffect({
  name: "blur",
  group: "detail",
  title: "Blur",
  description: "Gaussian blur, box blur, or the disc of a lens out of focus, in linear light.",
  revision: 1,
  defaultRank: 2,
  parameters: {
    kind: choice({
      description: "gaussian (standard deviation: half the radius), box (a square's mean), or lens (a disc).",
      choices: Object.keys(shapes) as (keyof typeof shapes)[],
      byDefault: "gaussian",
    }),
    radius: number({
      description: "Reach of the blur; lens takes longer for a large one.",
      minimum: 0,
      maximum: 64,
      byDefault: 8,
      unit: "px",
    }),
  },
  createStage({ kind, radius }, context, target) {
    const { space, shape } = context;
    const { widthPx, channels } = shape;
    const { toLinearRow, toEncodedRow } = space.use(detailKernels);
    const samples = widthPx * channels;
    return mapBlurred(
      context,
      shapes[kind](radius),
      {
        channels,
        // Only alpha and the colours where there is none are needed later.
        keptSamples: channels === 4 ? samples : 0,
        prepare(row, values, kept) {
          toLinearRow(row, channels, widthPx, values);
          if (channels === 4) space.bytes(kept, samples * 4).set(space.bytes(row, samples * 4));
        },
        paint: (blurred, kept, to) => toEncodedRow(blurred, kept, channels, widthPx, to),
      },
      target,
    );
  },
});
