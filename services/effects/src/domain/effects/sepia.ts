import { defineEffect } from "../catalogue/define-effect.ts";
import { number } from "../catalogue/parameters.ts";
import { mapRows } from "../rows/map-rows.ts";
import { createMatrixPainter, sepiaMatrix } from "../tone/color-matrix.ts";

/** CSS sepia() of the W3C Filter Effects Module Level 1, on encoded values. */
export const sepia = defineEffect({
  name: "sepia",
  group: "tone",
  title: "Sepia",
  description: "Brown tones as of an old print: CSS sepia().",
  revision: 1,
  parameters: {
    amount: number({
      description: "How much of the toning is applied.",
      minimum: 0,
      maximum: 100,
      byDefault: 100,
      unit: "%",
    }),
  },
  createStage({ amount }, context, target) {
    return mapRows(context, createMatrixPainter(context, sepiaMatrix(amount / 100)), target);
  },
});
