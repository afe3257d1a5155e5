import { toneKernels } from "../../kernels/tone-kernels.ts";
import { defineEffect } from "../catalogue/define-effect.ts";
import { choice, integer } from "../catalogue/parameters.ts";
import { mapRows } from "../rows/map-rows.ts";
import { onFloats } from "../rows/on-floats.ts";
import type { RowPainter } from "../rows/rows.ts";
import { changeLuminance } from "../tone/luminance.ts";

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
    const { space, shape } = context;
    const { widthPx, channels } = shape;
    const kernels = space.use(toneKernels);
    const onChannels: RowPainter = (row, to) => kernels.posterize(row, channels, widthPx, levels, to);
    const change = (plane: number) => kernels.posterizePlane(plane, widthPx, levels);
    const paint = mode === "rgb" ? onChannels : changeLuminance(context, change);
    return mapRows(context, onFloats(context, paint), target);
  },
});
