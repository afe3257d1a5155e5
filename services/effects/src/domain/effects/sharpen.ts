import { defineEffect } from "../catalogue/define-effect.ts";
import { number } from "../catalogue/parameters.ts";
import { gaussian } from "../detail/blur-shape.ts";
import { mapLightness } from "../detail/map-lightness.ts";

/** Unsharp mask on OKLab lightness: hue and chroma stay, so that edges get no coloured fringes. */
export const sharpen = defineEffect({
  name: "sharpen",
  group: "detail",
  title: "Sharpen",
  description: "Unsharp mask of lightness: crisper edges without coloured fringes.",
  revision: 1,
  parameters: {
    amount: number({
      description: "Factor of the difference from a blurred copy.",
      minimum: 0,
      maximum: 500,
      byDefault: 100,
      unit: "%",
    }),
    radius: number({
      description: "Reach of an edge: twice the standard deviation of the blurred copy.",
      minimum: 0.2,
      maximum: 64,
      byDefault: 2,
      unit: "px",
    }),
    threshold: number({
      description:
        "Differences of lightness up to this stay as they are, against noise; 255 levels are the whole range.",
      minimum: 0,
      maximum: 64,
      byDefault: 2,
      unit: "levels",
    }),
    halo: number({
      description: "The largest change of lightness, against halos.",
      minimum: 1,
      maximum: 100,
      byDefault: 25,
      unit: "%",
    }),
  },
  createStage({ amount, radius, threshold, halo }, context, target) {
    const change = { amount: amount / 100, threshold: threshold / 255, limit: halo / 100 };
    return mapLightness(context, gaussian(radius / 2), change, target);
  },
});
