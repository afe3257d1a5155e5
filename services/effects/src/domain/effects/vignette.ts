import { toneKernels } from "../../kernels/tone-kernels.ts";
import { defineEffect } from "../catalogue/define-effect.ts";
import { number } from "../catalogue/parameters.ts";
import { mapRows } from "../rows/map-rows.ts";
import { onFloats } from "../rows/on-floats.ts";

/** The shortest way from no change to the full one, in half diagonals: a hard edge. */
const minFade = 1e-6;

/**
 * Darkens or lightens the corners in linear light. Distance is 1 at the corners of a picture whose centre is the vignette's: in an ellipse of the
 * picture's proportions (roundness 0) or in a circle (100), with axes mixed between. The strength follows smoothstep,
 * t² (3 - 2 t) (The OpenGL Shading Language 4.60, 8.3), from size × (1 - softness) to size.
 */
export const vignette = defineEffect({
  name: "vignette",
  group: "tone",
  title: "Vignette",
  description: "Darker or lighter corners, as of a lens, in linear light.",
  revision: 1,
  parameters: {
    amount: number({
      description: "Below 0 corners are darker, above 0 lighter; -100 is black, 100 white.",
      minimum: -100,
      maximum: 100,
      byDefault: -60,
      unit: "%",
    }),
    size: number({
      description: "Distance from the centre at which the full amount is reached; 100 is the corner.",
      minimum: 10,
      maximum: 200,
      byDefault: 100,
      unit: "%",
    }),
    softness: number({
      description: "Share of the size over which the change grows; 0 is a hard edge.",
      minimum: 0,
      maximum: 100,
      byDefault: 70,
      unit: "%",
    }),
    roundness: number({
      description: "0 is an ellipse with the picture's proportions, 100 a circle.",
      minimum: 0,
      maximum: 100,
      byDefault: 0,
      unit: "%",
    }),
    center_x: number({ description: "The centre, from left.", minimum: 0, maximum: 100, byDefault: 50, unit: "%" }),
    center_y: number({ description: "The centre, from the top.", minimum: 0, maximum: 100, byDefault: 50, unit: "%" }),
  },
  createStage({ amount, size, softness, roundness, center_x, center_y }, context, target) {
    const { space, shape } = context;
    const { widthPx, heightPx, channels } = shape;
    const kernels = space.use(toneKernels);
    const radius = Math.hypot(widthPx, heightPx) / 2;
    const axisOf = (lengthPx: number) => {
      const ellipse = lengthPx * Math.SQRT1_2;
      return ellipse + ((radius - ellipse) * roundness) / 100;
    };
    const across = 1 / axisOf(widthPx);
    const left = (0.5 - (widthPx * center_x) / 100) * across;
    const outer = size / 100;
    const inner = outer * (1 - softness / 100);
    const scale = 1 / Math.max(outer - inner, minFade);
    const paint = onFloats(context, (row, to, y) => {
      const down = (y + 0.5 - (heightPx * center_y) / 100) / axisOf(heightPx);
      const place = [left, across, down ** 2, inner, scale, amount / 100] as const;
      kernels.vignette(row, channels, widthPx, ...place, to);
    });
    return mapRows(context, paint, target);
  },
});
