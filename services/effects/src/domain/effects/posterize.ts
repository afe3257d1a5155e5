import { toneKernels } from "../../kernels/tone-kernels.ts";
import { defineEffect } from "../catalogue/define-effect.ts";
import { choice, integer } from "../catalogue/parameters.ts";
import { mapRows } from "../rows/map-rows.ts";
import { onFloats } from "../rows/on-floats.ts";
import type { StageContext } from "../rows/rows.ts";
import { changeLuminance } from "../tone/luminance.ts";
import { mapSamples } from "../tone/map-samples.ts";

/**
 * Reduces encoded values to a few: equal intervals of the range become equally spaced values from 0 to 1, as feComponentTransfer's type "discrete"
 * with such values (W3C Filter Effects Module Level 1).
 */
export const posterize = defineEffect({
  name: "posterize",
  group: "tone",
  title: "Posterize",
  description: "Few tones for each channel, or few steps of luminance, without dithering.",
  revision: 1,
  parameters: {
    levels: integer({ description: "Tones of each channel, or of luminance.", minimum: 2, maximum: 32, byDefault: 4 }),
    mode: choice({
      description:
        "rgb: red, green and blue each on their own; luminance: only brightness has steps, colours stay (linear light).",
      choices: ["rgb", "luminance"],
      byDefault: "rgb",
    }),
  },
  createStage({ levels, mode }, context, target) {
    const kernels = context.space.use(toneKernels);
    if (mode === "rgb") {
      const createPainter = (own: StageContext) =>
        onFloats(own, (row, to) => kernels.posterize(row, own.shape.channels, own.shape.widthPx, levels, to));
      return mapRows(context, mapSamples(context, createPainter), target);
    }
    const change = (plane: number) => kernels.posterizePlane(plane, context.shape.widthPx, levels);
    return mapRows(context, onFloats(context, changeLuminance(context, change)), target);
  },
});
