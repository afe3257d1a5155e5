import { defineEffect } from "../catalogue/define-effect.ts";
import { choice, colors, integer, number, type SettingsOf } from "../catalogue/parameters.ts";
import type { Rgb } from "../color/color.ts";
import { encodedCurve, linearCurve } from "../color/curve.ts";
import { createPaletteLook } from "../color/palette-look.ts";
import { sortByLightness } from "../color/palette-match.ts";
import { customColors, findTonePalette, type PaletteName, paletteChoices, paletteColors } from "../color/palettes.ts";
import { createPalettePattern } from "../dither/palette-pattern.ts";
import { createBayerMap } from "../dither/thresholds.ts";
import { chooseColors, isAdaptive, paletteMemory } from "../picture/picture-palette.ts";
import { toColorTable } from "../rows/color-table.ts";
import { mapCells } from "../rows/map-cells.ts";
import { joinStages, mapRows } from "../rows/map-rows.ts";
import {
  allocatePlane,
  type CreateStage,
  type RowPainter,
  type RowTarget,
  rowBytes,
  type Stage,
  type StageContext,
} from "../rows/rows.ts";

const parameters = {
  palette: choice({
    description: "The machine whose colours are used; custom takes those of colors, adaptive those of the picture.",
    choices: paletteChoices,
    byDefault: "nes",
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
  pixel_size: integer({ description: "Side of a coarse pixel.", minimum: 1, maximum: 64, byDefault: 6, unit: "px" }),
  dither: number({
    description: "Strength of a 4×4 Bayer pattern between colours.",
    minimum: 0,
    maximum: 100,
    byDefault: 40,
    unit: "%",
  }),
  scanlines: number({
    description: "How much the lower edge of each row of coarse pixels is darkened.",
    minimum: 0,
    maximum: 100,
    byDefault: 0,
    unit: "%",
  }),
};

type Settings = SettingsOf<typeof parameters>;

/** Coarse pixels in the colours of an old machine, with its dithering and the dark lines of its screen. */
export const retro8bit = defineEffect({
  name: "retro_8bit",
  group: "print",
  title: "Retro 8-bit",
  description: "Coarse pixels in the palette of an old machine, with a dither pattern and scan lines.",
  revision: 2,
  parameters,
  needsPicture: isAdaptive,
  memory: paletteMemory,
  async prepare(settings, context) {
    const chosen = await chooseColors(settings, context);
    return { createStage: (stage, target) => createRetro(chosen, stage, target) };
  },
});

function createRetro(settings: Settings, context: StageContext, target: RowTarget): Stage {
  const { palette, colors, pixel_size: cellPx } = settings;
  const dither = settings.dither / 100;
  const tone = findTonePalette(palette);
  const createPainter = (coarse: StageContext) =>
    tone === undefined
      ? createPatternPainter(coarse, paletteColors(palette, colors), dither)
      : createTonePainter(coarse, tone, dither);
  const cells: CreateStage = (inner, next) => mapCells(inner, cellPx, createPainter, next);
  if (settings.scanlines === 0) return cells(context, target);
  const lines: CreateStage = (inner, next) =>
    mapRows(inner, createScanlines(inner, cellPx, settings.scanlines / 100), next);
  return joinStages([cells, lines], context, target);
}

function createPatternPainter(context: StageContext, colors: readonly Rgb[], strength: number): RowPainter {
  const { space, shape, to } = context;
  const { paintIndices } = space.kernels;
  const sorted = sortByLightness(colors);
  const pattern = createPalettePattern(context, {
    colors: sorted,
    map: createBayerMap(4),
    strength,
    linearLight: true,
  });
  const table = space.constant(toColorTable(sorted, to));
  return (row, out, y) => paintIndices(pattern(row, y), shape.widthPx, table, shape.channels, to === "floats", out);
}

// A palette of one hue: tones are moved by the pattern and become the color at the same place between the darkest and the lightest.
function createTonePainter(context: StageContext, palette: PaletteName, dither: number): RowPainter {
  const { space, shape, from, to } = context;
  const { paletteCells, paintIndices } = space.kernels;
  const { colors, look } = createPaletteLook(context, palette);
  const table = space.constant(toColorTable(colors, to));
  const { sizePx, thresholds } = createBayerMap(4);
  // At full strength: one step between neighbours, if the palette were an even cube of as many colours.
  const amplitude = dither / (Math.cbrt(colors.length) - 1);
  const shifts = space.constant(Float64Array.from(thresholds, (threshold) => (threshold - 0.5) * amplitude));
  const cells = allocatePlane(space, shape.widthPx, 4);
  return (row, out, y) => {
    const shiftsOfRow = shifts + (y % sizePx) * sizePx * 8;
    paletteCells(row, shape.channels, from === "floats", shape.widthPx, shiftsOfRow, cells);
    paintIndices(look(cells), shape.widthPx, table, shape.channels, to === "floats", out);
  };
}

// Darkens the lowest third of each coarse row, at least one line. With a pixel size of 1, every other line.
function createScanlines({ space, shape, to }: StageContext, pixelSize: number, strength: number): RowPainter {
  const { widthPx, channels } = shape;
  const { darken, floatsToBytes } = space.kernels;
  const period = Math.max(2, pixelSize);
  const bright = period - Math.max(1, Math.round(period / 3));
  const [linear, encoded] = [space.constant(linearCurve.table), space.constant(encodedCurve.table)];
  const bytes = rowBytes(shape, "floats");
  const dark = space.allocate(to === "floats" ? 0 : bytes);
  return (row, out, y) => {
    // A stage does not change the row that it receives.
    const floats = to === "floats" ? out : dark;
    space.bytes(floats, bytes).set(space.bytes(row, bytes));
    if (y % period >= bright)
      darken(floats, channels, widthPx, 1 - strength, linear, linearCurve.steps, encoded, encodedCurve.steps);
    if (to === "bytes") floatsToBytes(floats, widthPx * channels, out);
  };
}
