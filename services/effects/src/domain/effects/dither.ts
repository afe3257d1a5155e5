import { defineEffect } from "../catalogue/define-effect.ts";
import { choice, color, flag, integer, number, type SettingsOf } from "../catalogue/parameters.ts";
import { blueNoiseMap } from "../dither/blue-noise.ts";
import { createDiffusion, diffusions, type Quantizer } from "../dither/error-diffusion.ts";
import { createOrdered } from "../dither/ordered.ts";
import { createBayerMap } from "../dither/thresholds.ts";
import { createTones, type Tones } from "../dither/tones.ts";
import { mapCells } from "../draw/cells.ts";

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
  title: "Dither",
  description: "Few tones, and patterns of dots for those between them, as in early computer graphics and print.",
  revision: 1,
  parameters,
  createTransform(settings, shape) {
    const columns = Math.ceil(shape.widthPx / settings.scale);
    const tones = createTones({
      channels: shape.channels,
      count: settings.levels,
      planes: settings.mode === "mono" ? 1 : 3,
      linearLight: settings.linear_light,
      dark: settings.dark,
      light: settings.light,
    });
    const quantize = createQuantizer(columns, tones, settings);
    const values = new Float32Array(columns * tones.planes);
    const indices = new Uint8Array(columns * tones.planes);
    return mapCells(shape, settings.scale, (row, y) => {
      tones.read(row, values);
      quantize(values, y, indices, shape.channels === 4 ? (x) => row[x * 4 + 3] as number : () => 1);
      tones.write(indices, row);
    });
  },
});

function createQuantizer(columns: number, tones: Tones, settings: SettingsOf<typeof parameters>): Quantizer {
  const strength = settings.strength / 100;
  switch (settings.method) {
    case "floyd_steinberg":
    case "atkinson":
    case "jarvis":
      return createDiffusion(columns, tones, {
        taps: diffusions[settings.method],
        strength,
        serpentine: settings.serpentine,
      });
    case "bayer2":
      return createOrdered(tones, { map: createBayerMap(2), strength });
    case "bayer4":
      return createOrdered(tones, { map: createBayerMap(4), strength });
    case "bayer8":
      return createOrdered(tones, { map: createBayerMap(8), strength });
    case "blue_noise":
      return createOrdered(tones, { map: blueNoiseMap(), strength });
    case "threshold":
      return createOrdered(tones, { strength });
  }
}
