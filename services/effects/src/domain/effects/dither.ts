import { defineEffect } from "../catalogue/define-effect.ts";
import { choice, color, flag, integer, number, type SettingsOf } from "../catalogue/parameters.ts";
import { blueNoiseMap } from "../dither/blue-noise.ts";
import { createDiffusion } from "../dither/diffusion.ts";
import { diffusions } from "../dither/diffusions.ts";
import { createOrdered } from "../dither/ordered.ts";
import { createBayerMap } from "../dither/thresholds.ts";
import { createTones, type Quantizer, type Tones } from "../dither/tones.ts";
import { mapCells } from "../rows/map-cells.ts";
import type { RowPainter, StageContext } from "../rows/rows.ts";

const methods = [
  "floyd_steinberg",
  "atkinson",
  "jarvis",
  "bayer2",
  "bayer4",
  "bayer8",
  "blue_noise",
  "threshold",
] as const;

const parameters = {
  method: choice({
    description: "How tones between two levels are made from both: by passing errors on, by a pattern, or not at all.",
    choices: methods,
    byDefault: "floyd_steinberg",
  }),
  mode: choice({
    description: "mono: one tone between dark and light; color: red, green and blue each on their own.",
    choices: ["mono", "color"],
    byDefault: "mono",
  }),
  levels: integer({ description: "Tones for each channel.", minimum: 2, maximum: 16, byDefault: 2 }),
  scale: integer({ description: "Size of a printed dot.", minimum: 1, maximum: 32, byDefault: 1, unit: "px" }),
  strength: number({
    description: "How much is done for the tones between the levels; 0 takes the nearest level.",
    minimum: 0,
    maximum: 100,
    byDefault: 100,
    unit: "%",
  }),
  serpentine: flag({
    description:
      "Every other row from right to left, which avoids worm-like patterns. For methods that pass errors on.",
    byDefault: true,
  }),
  linear_light: flag({
    description: "Compare brightness as the eye adds it up (linear light) rather than in encoded values.",
    byDefault: true,
  }),
  dark: color({ description: "The colour of the lowest level.", byDefault: "#000000" }),
  light: color({ description: "The colour of the highest level.", byDefault: "#ffffff" }),
};

/**
 * Reduces a picture to few tones, with dots for the tones between them. Errors pass from row to row, so results do not depend on
 * strips.
 */
export const dither = defineEffect({
  name: "dither",
  group: "print",
  title: "Dither",
  description: "Few tones, and patterns of dots for those between them, as in early computer graphics and print.",
  revision: 1,
  parameters,
  createStage(settings, context, target) {
    const toLevels = (cells: StageContext): RowPainter => {
      const tones = createTones(cells, {
        count: settings.levels,
        planes: settings.mode === "mono" ? 1 : 3,
        linearLight: settings.linear_light,
        dark: settings.dark,
        light: settings.light,
      });
      const quantize = createQuantizer(cells, tones, settings);
      return (row, to, y) => {
        tones.read(row);
        quantize(row, y);
        tones.write(to);
      };
    };
    return mapCells(context, settings.scale, toLevels, target);
  },
});

function createQuantizer(context: StageContext, tones: Tones, settings: SettingsOf<typeof parameters>): Quantizer {
  const strength = settings.strength / 100;
  switch (settings.method) {
    case "floyd_steinberg":
    case "atkinson":
    case "jarvis":
      return createDiffusion(context, tones, {
        taps: diffusions[settings.method],
        strength,
        serpentine: settings.serpentine,
      });
    case "bayer2":
      return createOrdered(context, tones, { map: createBayerMap(2), strength });
    case "bayer4":
      return createOrdered(context, tones, { map: createBayerMap(4), strength });
    case "bayer8":
      return createOrdered(context, tones, { map: createBayerMap(8), strength });
    case "blue_noise":
      return createOrdered(context, tones, { map: blueNoiseMap(), strength });
    case "threshold":
      return createOrdered(context, tones, { strength });
  }
}
