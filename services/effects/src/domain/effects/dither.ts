import { defineEffect } from "../catalogue/define-effect.ts";
import { choice, color, colors, flag, integer, number, type SettingsOf } from "../catalogue/parameters.ts";
import type { Rgb } from "../color/color.ts";
import { sortByLightness } from "../color/palette-match.ts";
import { customColors, findTonePalette, paletteChoices, paletteColors } from "../color/palettes.ts";
import { blueNoiseMap } from "../dither/blue-noise.ts";
import { createDiffusion } from "../dither/diffusion.ts";
import { diffusions, type Tap } from "../dither/diffusions.ts";
import { createOrdered } from "../dither/ordered.ts";
import { createPaletteDiffusion } from "../dither/palette-diffusion.ts";
import { createPalettePattern } from "../dither/palette-pattern.ts";
import { createBayerMap, type ThresholdMap } from "../dither/thresholds.ts";
import { createPaletteTones, createTones, type Quantizer, type Tones } from "../dither/tones.ts";
import { chooseColors, isAdaptive, paletteMemory } from "../picture/picture-palette.ts";
import { toColorTable } from "../rows/color-table.ts";
import { mapCells } from "../rows/map-cells.ts";
import type { RowPainter, StageContext } from "../rows/rows.ts";

const methods = [
  "floyd_steinberg",
  "atkinson",
  "jarvis",
  "stucki",
  "burkes",
  "sierra",
  "sierra_two_row",
  "sierra_lite",
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
  palette: choice({
    description:
      "Colours to print with instead of mode, levels, dark and light; custom takes those of colors, adaptive those of the picture.",
    choices: ["none", ...paletteChoices],
    byDefault: "none",
  }),
  colors: colors({
    description: "The colours of the custom palette.",
    minimum: 2,
    maximum: 256,
    byDefault: customColors,
  }),
  adaptive_colors: integer({
    description: "How many colours the adaptive palette takes from the picture.",
    minimum: 2,
    maximum: 256,
    byDefault: 16,
  }),
  levels: integer({ description: "Tones for each channel.", minimum: 2, maximum: 16, byDefault: 2 }),
  scale: integer({ description: "Size of a printed dot.", minimum: 1, maximum: 32, byDefault: 1, unit: "px" }),
  strength: number({
    description:
      "Share of an error that is passed on, or of a pattern's contrast; 0 takes the nearest level. Not for threshold.",
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
  revision: 2,
  parameters,
  needsPicture: isAdaptive,
  memory: paletteMemory,
  async prepare(settings, context) {
    const chosen = await chooseColors(settings, context);
    return {
      createStage: (stage, target) => mapCells(stage, chosen.scale, (cells) => createPainter(cells, chosen), target),
    };
  },
});

type Settings = SettingsOf<typeof parameters>;

function createPainter(context: StageContext, settings: Settings): RowPainter {
  const { palette, colors: custom } = settings;
  if (palette === "none") return createLevelPainter(context, settings);
  const colors = sortByLightness(paletteColors(palette, custom));
  if (findTonePalette(palette) !== undefined) {
    const tones = createPaletteTones(context, colors, settings.linear_light);
    return createTonePainter(tones, createQuantizer(context, tones, settings));
  }
  return createColorPainter(context, colors, settings);
}

function createLevelPainter(context: StageContext, settings: Settings): RowPainter {
  const tones = createTones(context, {
    count: settings.levels,
    planes: settings.mode === "mono" ? 1 : 3,
    linearLight: settings.linear_light,
    dark: settings.dark,
    light: settings.light,
  });
  return createTonePainter(tones, createQuantizer(context, tones, settings));
}

function createTonePainter(tones: Tones, quantize: Quantizer): RowPainter {
  return (row, to, y) => {
    tones.read(row);
    quantize(row, y);
    tones.write(to);
  };
}

function createColorPainter(context: StageContext, colors: readonly Rgb[], settings: Settings): RowPainter {
  const { space, shape, to } = context;
  const { serpentine, linear_light: linearLight } = settings;
  const method = toMethod(settings);
  const { strength } = method;
  const choose =
    "taps" in method
      ? createPaletteDiffusion(context, { colors, taps: method.taps, strength, serpentine, linearLight })
      : createPalettePattern(context, { colors, map: method.map ?? createBayerMap(2), strength, linearLight });
  const table = space.constant(toColorTable(colors, to));
  const { paintIndices } = space.kernels;
  return (row, out, y) => paintIndices(choose(row, y), shape.widthPx, table, shape.channels, to === "floats", out);
}

function createQuantizer(context: StageContext, tones: Tones, settings: Settings): Quantizer {
  const method = toMethod(settings);
  if ("taps" in method) return createDiffusion(context, tones, { ...method, serpentine: settings.serpentine });
  return createOrdered(context, tones, method);
}

/** How errors are passed on, or a pattern: none for strength 0. */
type Method =
  | { readonly taps: readonly Tap[]; readonly strength: number }
  | { readonly map: ThresholdMap | undefined; readonly strength: number };

function toMethod({ method, strength: percent }: Settings): Method {
  const strength = percent / 100;
  switch (method) {
    case "bayer2":
      return { map: createBayerMap(2), strength };
    case "bayer4":
      return { map: createBayerMap(4), strength };
    case "bayer8":
      return { map: createBayerMap(8), strength };
    case "blue_noise":
      return { map: blueNoiseMap(), strength };
    case "threshold":
      return { map: undefined, strength: 0 };
    default:
      return { taps: diffusions[method], strength };
  }
}
