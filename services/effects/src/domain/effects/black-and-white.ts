import { toneKernels } from "../../kernels/tone-kernels.ts";
import { defineEffect } from "../catalogue/define-effect.ts";
import { choice, color, integer, number, type SettingsOf } from "../catalogue/parameters.ts";
import { clampUnit, lumaWeights, luminanceWeights, type Rgb } from "../color/color.ts";
import { curveAt, encodedCurve } from "../color/curve.ts";
import { createStepTable, type StepTable } from "../color/step-table.ts";
import { mapMeans } from "../detail/map-means.ts";
import { createNoise } from "../draw/noise.ts";
import { mapRows } from "../rows/map-rows.ts";
import { createMix, toByte } from "../rows/mix.ts";
import {
  allocatePlane,
  type Row,
  type RowPainter,
  type RowTarget,
  type Stage,
  type StageContext,
} from "../rows/rows.ts";
import { createPlaneWriter } from "../rows/write-planes.ts";
import { mapSums, type PixelSums } from "../tone/map-sums.ts";
import { createTint, isTint, type Tint } from "../tone/tint.ts";

/** Weights of red, green and blue in the grey, and whether they are added in linear light. */
type Mix = { readonly weights: Rgb; readonly linear: boolean };

// The share of each primary that a filter before the lens lets through; the film then sees luminance. The shares are our
// choice.
const filters = {
  red_filter: [1, 0.03, 0],
  orange_filter: [1, 0.4, 0.02],
  yellow_filter: [1, 0.9, 0.08],
  green_filter: [0.2, 1, 0.2],
  blue_filter: [0, 0.03, 1],
} as const satisfies Record<string, Rgb>;

/** The mixes by mode. */
export const mixes = {
  luminance: { weights: luminanceWeights, linear: true },
  luma: { weights: lumaWeights, linear: false },
  average: { weights: [1 / 3, 1 / 3, 1 / 3], linear: false },
  red_filter: filtered(filters.red_filter),
  orange_filter: filtered(filters.orange_filter),
  yellow_filter: filtered(filters.yellow_filter),
  green_filter: filtered(filters.green_filter),
  blue_filter: filtered(filters.blue_filter),
} as const satisfies Record<string, Mix>;

/** The factor of the noise at 100 %: the grain's standard deviation in mid-grey is then a sixth of the range from black to white. */
export const grainSpan = 0.4;

const maxStepTables = 16;
/** Pixels of a picture from which on a table of all steps costs less than the steps themselves: it takes 1.4 to 2 ms. */
const leastTablePixels = 65_536;

const parameters = {
  mode: choice({
    description:
      "luminance (BT.709, linear light), luma (BT.601), average, or luminance behind a coloured lens filter.",
    choices: Object.keys(mixes) as (keyof typeof mixes)[],
    byDefault: "luminance",
  }),
  brightness: number({
    description: "Lifts or lowers all greys.",
    minimum: -100,
    maximum: 100,
    byDefault: 0,
    unit: "%",
  }),
  contrast: number({
    description:
      "Factor of the distance from mid-grey, as CSS contrast(): 1 changes nothing, 1.4 is steeper, 0 mid-grey only.",
    minimum: 0,
    maximum: 100,
    byDefault: 1,
  }),
  enhanced: number({
    description:
      "Local contrast: greys move away from the mean of a square around: a 32nd of the longer side, at most 129 px.",
    minimum: 0,
    maximum: 100,
    byDefault: 0,
    unit: "%",
  }),
  grain: number({
    description: "Film grain, strongest in mid-greys.",
    minimum: 0,
    maximum: 100,
    byDefault: 0,
    unit: "%",
  }),
  grain_size: integer({ description: "Width of a grain.", minimum: 1, maximum: 16, byDefault: 1, unit: "px" }),
  seed: integer({
    description: "Another number gives another grain.",
    minimum: 0,
    maximum: 2_147_483_647,
    byDefault: 0,
  }),
  tint: color({
    description:
      "The hue of the mid-tones, such as #a08060 for sepia; a grey gives none. Black and white stay neutral.",
    byDefault: "#808080",
  }),
};

type Settings = SettingsOf<typeof parameters>;

/** Converts to grey by luminance or through a colour filter, with tone curve, film grain and toning. */
export const blackAndWhite = defineEffect({
  name: "black_and_white",
  group: "tone",
  title: "Black and white",
  description: "Greys as film sees them: by luminance or through a colour filter, with contrast, grain and a tone.",
  revision: 2,
  parameters,
  createStage(settings, context, target) {
    if (settings.enhanced > 0) return createEnhanced(context, settings, target);
    const createPainter = (own: StageContext) => createGreyPainter(own, settings);
    const { weights, linear } = mixes[settings.mode];
    const isSum = !linear && settings.grain === 0 && !isTint(settings.tint);
    const paint = isSum ? mapSums(context, sumsOf(settings, weights), createPainter) : createPainter(context);
    return mapRows(context, paint, target);
  },
});

function createGreyPainter(context: StageContext, settings: Settings): RowPainter {
  const { space, shape, to } = context;
  const { widthPx } = shape;
  const { weights, linear } = mixes[settings.mode];
  const mix = createMix(context, weights, linear);
  const grey = allocatePlane(space, widthPx, 8);
  const tint = createTint(context, settings.tint);
  // A small picture costs less than the table.
  const isLarge = widthPx * shape.heightPx >= leastTablePixels;
  const isPlain = isLarge && to === "bytes" && settings.grain === 0 && tint === undefined;
  const steps = isPlain ? stepTableFor(settings, linear) : undefined;
  const finish = steps ? createSteps(context, steps) : createTone(context, settings, linear, tint);
  return (row, out, y) => {
    mix(row, grey);
    finish(grey, out, y);
  };
}

/** Returns the greys of a mix of encoded samples with brightness and contrast. */
function sumsOf({ brightness, contrast }: Tone, weights: Rgb): PixelSums {
  const offset = (brightness / 100 - 0.5) * contrast + 0.5;
  return {
    added(channel, byte) {
      const grey = contrast * (weights[channel] as number) * byte + (channel === 0 ? 255 * offset : 0);
      return [grey, grey, grey];
    },
    // Samples and results are rounded to floats, whose distance around 1 is 2^-23; one more for the painter's doubles.
    error: 255 * 2 ** -23 * Math.max(1, contrast),
  };
}

/** Half the side of the square of `enhanced`, for the longer side of a picture; wider ones would hold too many rows. */
export function enhancedRadius(longerPx: number): number {
  return Math.min(64, Math.max(1, Math.round(longerPx / 64)));
}

/**
 * Local contrast by an unsharp mask with a box mean of encoded greys, before brightness and contrast: R. Gonzalez and R. Woods, "Digital Image
 * Processing", 4th edition, 3.6; the large radius is that of "local contrast enhancement" in photo editors.
 */
function createEnhanced(context: StageContext, settings: Settings, target: RowTarget): Stage {
  const { space, shape } = context;
  const { widthPx, heightPx } = shape;
  const floats: StageContext = { ...context, from: "floats", to: "floats" };
  const { weights, linear } = mixes[settings.mode];
  const mix = createMix(floats, weights, linear);
  const grey = allocatePlane(space, widthPx, 8);
  const encoded = space.constant(encodedCurve.table);
  const valuesOf = (row: Row, plane: number) => {
    mix(row, grey);
    if (linear) space.kernels.curve(grey, widthPx, encoded, encodedCurve.steps, grey);
    space.kernels.toFloatPlane(grey, widthPx, plane);
  };
  const finish = createTone(floats, settings, false, createTint(context, settings.tint));
  const { enhance } = space.use(toneKernels);
  const radius = enhancedRadius(Math.max(widthPx, heightPx));
  let y = 0;
  const paint = (values: number, means: number, to: Row) => {
    enhance(values, means, widthPx, settings.enhanced / 100, grey);
    finish(grey, to, y);
    y += 1;
  };
  return mapMeans(context, radius, { valuesOf, paint }, target);
}

/** Writes the colours of row `y` for a plane of greys as `mix` made it. The plane is used up. */
type Finish = (grey: number, out: Row, y: number) => void;

type Tone = { readonly brightness: number; readonly contrast: number };

/** The bytes of greys follow from one function of the mix, so they are looked up. */
function createSteps({ space, shape }: StageContext, { starts, bounds }: StepTable): Finish {
  const { widthPx, channels } = shape;
  const [startTable, boundTable] = [space.constant(starts), space.constant(bounds)];
  const bytes = allocatePlane(space, widthPx, 1);
  const { steps, interleaveBytes } = space.kernels;
  return (grey, out) => {
    steps(grey, widthPx, startTable, boundTable, bytes);
    interleaveBytes(bytes, bytes, bytes, channels, widthPx, out);
  };
}

const stepTables = new Map<string, StepTable | undefined>();

/** Returns the bytes of all mixes, undefined for a very steep contrast. A table takes about a millisecond to make and is kept for a while. */
function stepTableFor({ brightness, contrast }: Tone, linear: boolean): StepTable | undefined {
  const key = `${brightness} ${contrast} ${linear}`;
  if (stepTables.has(key)) return stepTables.get(key);
  const lift = brightness / 100;
  const table = createStepTable((mixed) => {
    const value = linear ? curveAt(encodedCurve, mixed) : mixed;
    return toByte(isNeutral({ brightness, contrast }) ? value : clampUnit((value + lift - 0.5) * contrast + 0.5));
  });
  if (stepTables.size >= maxStepTables) stepTables.clear();
  stepTables.set(key, table);
  return table;
}

function createTone(
  context: StageContext,
  settings: Tone & { readonly grain: number; readonly seed: number; readonly grain_size: number },
  linear: boolean,
  tint: Tint | undefined,
): Finish {
  const { space, shape } = context;
  const { widthPx } = shape;
  const { kernels } = space;
  const { brightness, contrast, seed } = settings;
  const span = (settings.grain / 100) * grainSpan;
  const noise = span > 0 ? createNoise(space, widthPx, seed, settings.grain_size) : undefined;
  const encoded = linear ? space.constant(encodedCurve.table) : 0;
  const write = createPlaneWriter(context);
  return (grey, out, y) => {
    if (linear) kernels.curve(grey, widthPx, encoded, encodedCurve.steps, grey);
    if (!isNeutral(settings)) kernels.line(grey, widthPx, brightness / 100, contrast);
    if (noise) kernels.grain(grey, noise(y), widthPx, span);
    write(tint ? tint(grey) : [grey, grey, grey], out);
  };
}

// Otherwise the Filter Effects Module Level 1, contrast(): a line of this slope through mid-grey, on encoded values.
function isNeutral({ brightness, contrast }: Tone): boolean {
  return brightness === 0 && contrast === 1;
}

function filtered(shares: Rgb): Mix {
  const [r, g, b] = luminanceWeights.map((weight, c) => weight * (shares[c] as number)) as [number, number, number];
  const sum = r + g + b;
  return { weights: [r / sum, g / sum, b / sum], linear: true };
}
