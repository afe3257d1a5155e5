import { defineEffect } from "../catalogue/define-effect.ts";
import { choice, integer, number, type SettingsOf } from "../catalogue/parameters.ts";
import { luminanceWeights, type Rgb } from "../color/color.ts";
import { lightnessCurve } from "../color/curve.ts";
import { createHalftoneScreen, type HalftoneScreen } from "../draw/halftone.ts";
import { type Colorway, colorwayOf, createInks } from "../draw/ink-ramps.ts";
import { type OutlinePainter, paintWithOutline } from "../draw/outline.ts";
import { stageMemory } from "../picture/prepared-effect.ts";
import { prepareTiles, tilesMemory } from "../picture/tile-grid.ts";
import { joinStages, mapRows } from "../rows/map-rows.ts";
import { createMix, toByte } from "../rows/mix.ts";
import { onFloats } from "../rows/on-floats.ts";
import { allocatePlane, type CreateStage, type RowTarget, type Stage, type StageContext } from "../rows/rows.ts";
import { createMatrix, hueMatrix } from "../tone/color-matrix.ts";

const maxLevels = 12;

// The kernel `inkRow` reads so many entries of its table, however many inks there are.
const inkEntries = maxLevels + 1;

const paletteNames = ["comic", "screenprint", "neon", "mint", "mono", "original"] as const;

const parameters = {
  palette: choice({
    description: "Inks by lightness; original keeps the picture's own colours, each channel printed on its own.",
    choices: paletteNames,
    byDefault: "comic",
  }),
  levels: integer({ description: "Number of flat tones.", minimum: 2, maximum: maxLevels, byDefault: 4 }),
  saturation: number({
    description: "Colourfulness of the inks (of the picture, for the original palette).",
    minimum: 0,
    maximum: 300,
    byDefault: 110,
    unit: "%",
  }),
  dot_size: number({
    description: "Distance between printed dots; below 2, flat areas without dots.",
    minimum: 0,
    maximum: 64,
    byDefault: 8,
    unit: "px",
  }),
  dot_angle: number({
    description: "Turn of the grid of dots.",
    minimum: 0,
    maximum: 90,
    byDefault: 45,
    unit: "degrees",
  }),
  outline: number({ description: "Blackness of outlines.", minimum: 0, maximum: 100, byDefault: 70, unit: "%" }),
  outline_width: integer({
    description: "Reach of an outline to each side.",
    minimum: 1,
    maximum: 8,
    byDefault: 1,
    unit: "px",
  }),
  grid: integer({
    description: "Tiles across and down, each a small copy in other inks; 1 prints the picture once.",
    minimum: 1,
    maximum: 4,
    byDefault: 1,
  }),
};

type Settings = SettingsOf<typeof parameters>;

/** Flat inks, dots between them, and black outlines, after the screen prints and comics that pop art quotes. */
export const popArt = defineEffect({
  name: "pop_art",
  group: "print",
  title: "Pop art",
  description:
    "Flat inks with printed dots between them and black outlines, as in comics and screen prints; once, or as a series of tiles.",
  revision: 2,
  parameters,
  needsPicture: ({ grid }) => grid > 1,
  memory: ({ grid }, shape) => (grid > 1 ? tilesMemory(grid, shape) : stageMemory(shape)),
  prepare(settings, context) {
    const { grid, palette } = settings;
    const stageOf = (tile: number): CreateStage => {
      const colorway = colorwayOf(palette, grid, tile);
      return (stage, target) => createPrintStage(settings, colorway, stage, target);
    };
    return grid > 1 ? prepareTiles(context, grid, stageOf) : { createStage: stageOf(0) };
  },
});

function createPrintStage(settings: Settings, colorway: Colorway, context: StageContext, target: RowTarget): Stage {
  const { palette, turn } = colorway;
  if (palette !== "original" || turn === 0) return createPrinted(settings, colorway, context, target);
  const turned: CreateStage = (inner, next) =>
    mapRows(inner, onFloats(inner, createMatrix(inner.space, inner.shape, hueMatrix(turn))), next);
  const printed: CreateStage = (inner, next) => createPrinted(settings, colorway, inner, next);
  return joinStages([turned, printed], context, target);
}

function createPrinted(
  settings: Settings,
  { palette, turn }: Colorway,
  context: StageContext,
  target: RowTarget,
): Stage {
  const { levels, dot_size: dotSize, dot_angle: angle } = settings;
  const saturation = settings.saturation / 100;
  const screenAt = (degrees: number) => (dotSize >= 2 ? createHalftoneScreen(dotSize, angle + degrees) : undefined);
  const softness = Math.min(0.5, 0.75 / Math.max(dotSize, 1));
  const print = (degrees: number) => createPrint(context, { levels, softness, screen: screenAt(degrees) });
  const opacity = settings.outline / 100;
  const paint =
    palette === "original"
      ? paintOwnColors(context, { saturation, opacity, prints: [print(15), print(45), print(0)], last: levels - 1 })
      : paintInks(context, { inks: createInks(palette, levels, saturation, turn), opacity, print: print(0) });
  return paintWithOutline(context, { radiusPx: settings.outline_width, isDrawn: opacity > 0 }, paint, target);
}

/** Replaces a plane of tones of row `y` by their positions among the inks: a whole number for a flat ink, a fraction only at a dot's rim. */
type Print = (plane: number, y: number) => void;

// Below softness 0.5 the rim of a dot is a ramp of about a pixel and a half, against jagged edges.
function createPrint(
  { space, shape }: StageContext,
  { levels, softness, screen }: { levels: number; softness: number; screen: HalftoneScreen | undefined },
): Print {
  const { print } = space.kernels;
  const ranks = screen ? space.constant(screen.ranks) : 0;
  const [right, down] = [screen?.right ?? 0, screen?.down ?? 0];
  return (plane, y) => print(plane, shape.widthPx, y, levels - 1, softness, ranks, right, down);
}

function paintInks(
  context: StageContext,
  { inks, opacity, print }: { inks: readonly Rgb[]; opacity: number; print: Print },
): OutlinePainter {
  const { space, shape, to } = context;
  const { widthPx, channels } = shape;
  const mix = createMix(context, luminanceWeights, true);
  const plane = allocatePlane(space, widthPx, 8);
  const lightness = space.constant(lightnessCurve.table);
  const table = space.constant(toInkTable(inks));
  return (row, out, y, lines) => {
    mix(row, plane);
    space.kernels.curve(plane, widthPx, lightness, lightnessCurve.steps, plane);
    print(plane, y);
    space.kernels.inkRow(plane, lines, widthPx, opacity, table, channels, to === "floats", out);
  };
}

// The inks and the last one again, each as three doubles and four bytes.
function toInkTable(inks: readonly Rgb[]): Uint8Array {
  const all = [...inks, inks.at(-1) as Rgb];
  const table = new DataView(new ArrayBuffer(inkEntries * 32));
  all.forEach((ink, index) => {
    ink.forEach((sample, c) => {
      table.setFloat64(index * 32 + c * 8, sample, true);
      table.setUint8(index * 32 + 24 + c, toByte(sample));
    });
  });
  return new Uint8Array(table.buffer);
}

// Saturation by distance from the grey of equal luma: P. Haeberli, "Matrix operations for image processing" (1993).
function paintOwnColors(
  { space, shape, from, to }: StageContext,
  options: { saturation: number; opacity: number; prints: readonly Print[]; last: number },
): OutlinePainter {
  const { widthPx, channels } = shape;
  const { saturation, opacity, prints, last } = options;
  const stride = Math.ceil(widthPx / 16) * 16 * 8;
  const planes = space.allocate(3 * stride);
  const { saturate, inkPlanes } = space.kernels;
  return (row, out, y, lines) => {
    saturate(row, channels, from === "floats", widthPx, saturation, planes, stride);
    prints.forEach((print, c) => {
      print(planes + c * stride, y);
    });
    inkPlanes(planes, stride, lines, widthPx, opacity, last, channels, to === "floats", out);
  };
}
