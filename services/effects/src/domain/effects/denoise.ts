import { defineEffect } from "../catalogue/define-effect.ts";
import { number } from "../catalogue/parameters.ts";
import { mapBilateral } from "../detail/bilateral.ts";

/**
 * The standard deviation of the bilateral filter at 100 %, in OKLab: a noise of this size is averaged, an edge of four times the size stays. Our
 * choice.
 */
const fullSigma = 0.15;

/** Removes noise by a bilateral filter (Tomasi and Manduchi, 1998) in OKLab: pixels are averaged with near ones of about the same colour. */
export const denoise = defineEffect({
  name: "denoise",
  group: "detail",
  title: "Denoise",
  description: "Smooths noise and keeps edges: each pixel is averaged with near ones of a similar colour.",
  revision: 1,
  parameters: {
    strength: number({
      description: "How different the colours may be that are averaged.",
      minimum: 0,
      maximum: 100,
      byDefault: 40,
      unit: "%",
    }),
    radius: number({
      description: "Distance of the pixels that are averaged; a large one takes longer.",
      minimum: 1,
      maximum: 8,
      byDefault: 3,
      unit: "px",
    }),
    color: number({
      description: "Share of the noise of hue and chroma that is removed.",
      minimum: 0,
      maximum: 100,
      byDefault: 100,
      unit: "%",
    }),
  },
  createStage: ({ strength, radius, color }, context, target) =>
    mapBilateral(context, { radiusPx: radius, sigma: (fullSigma * strength) / 100, color: color / 100 }, target),
});
