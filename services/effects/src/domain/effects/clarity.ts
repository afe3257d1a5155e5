import { defineEffect } from "../catalogue/define-effect.ts";
import { number } from "../catalogue/parameters.ts";
import { gaussian } from "../detail/blur-shape.ts";
import { mapLightness } from "../detail/map-lightness.ts";

// Differences from the surroundings above this lightness are edges of things rather than their relief. Our choice.
const halfAt = 0.25;

/**
 * Local contrast of mid-tones: an unsharp mask of a large radius on OKLab lightness L, weighted by 4 L (1 - L) and less at strong edges, so that
 * halos stay faint.
 */
export const clarity = defineEffect({
  name: "clarity",
  group: "detail",
  title: "Clarity",
  description: "More or less local contrast of mid-tones, with faint halos and unchanged hues.",
  revision: 1,
  parameters: {
    amount: number({
      description: "Factor of the difference from the surroundings; below 0 softens.",
      minimum: -100,
      maximum: 100,
      byDefault: 50,
      unit: "%",
    }),
    radius: number({
      description: "Size of the surroundings: twice the standard deviation of their weights.",
      minimum: 4,
      maximum: 100,
      byDefault: 30,
      unit: "px",
    }),
  },
  createStage: ({ amount, radius }, context, target) =>
    mapLightness(context, gaussian(radius / 2), { amount: amount / 100, halfAt, midtones: 1 }, target),
});
