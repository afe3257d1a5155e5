import { toneKernels } from "../../kernels/tone-kernels.ts";
import { defineEffect } from "../catalogue/define-effect.ts";
import { choice, number } from "../catalogue/parameters.ts";
import { mapRows } from "../rows/map-rows.ts";
import { onFloats } from "../rows/on-floats.ts";
import type { RowPainter, StageContext } from "../rows/rows.ts";
import { createMatrix, invertMatrix } from "../tone/color-matrix.ts";
import { mapSamples } from "../tone/map-samples.ts";

/**
 * CSS invert() of the W3C Filter Effects Module Level 1, on encoded values; or the same line on OKLab lightness, with a and b kept (B. Ottosson, 2020).
 * A colour that then lies outside of sRGB moves towards the grey of its lightness, in linear light, until it fits.
 */
export const invert = defineEffect({
  name: "invert",
  group: "tone",
  title: "Invert",
  description: "A negative: of each channel, or of lightness alone, which keeps hues.",
  revision: 1,
  parameters: {
    amount: number({
      description: "100 % is the full negative; 50 % is mid-grey.",
      minimum: 0,
      maximum: 100,
      byDefault: 100,
      unit: "%",
    }),
    mode: choice({
      description: "rgb: every channel; lightness: dark and light change places and hues stay (OKLab).",
      choices: ["rgb", "lightness"],
      byDefault: "rgb",
    }),
  },
  createStage({ amount, mode }, context, target) {
    const share = amount / 100;
    const paint =
      mode === "rgb"
        ? mapSamples(context, (own) => onFloats(own, createMatrix(own.space, own.shape, invertMatrix(share))))
        : onFloats(context, createLightness(context, share));
    return mapRows(context, paint, target);
  },
});

function createLightness(context: StageContext, amount: number): RowPainter {
  const { widthPx, channels } = context.shape;
  const { invertLightness } = context.space.use(toneKernels);
  return (row, to) => invertLightness(row, channels, widthPx, amount, to);
}
