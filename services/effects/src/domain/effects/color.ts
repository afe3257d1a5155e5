import { toneKernels } from "../../kernels/tone-kernels.ts";
import { defineEffect } from "../catalogue/define-effect.ts";
import { number, type SettingsOf } from "../catalogue/parameters.ts";
import { clampUnit, toEncoded, toLinear } from "../color/color.ts";
import { mapRows } from "../rows/map-rows.ts";
import { onFloats } from "../rows/on-floats.ts";
import { type RowPainter, rowBytes, type StageContext } from "../rows/rows.ts";
import {
  type ColorMatrix,
  createMatrix,
  createMatrixPainter,
  hueMatrix,
  saturateMatrix,
} from "../tone/color-matrix.ts";
import { mapSamples } from "../tone/map-samples.ts";
import { tabulateTone, toneSteps } from "../tone/tables.ts";
import { balanceGains } from "../tone/white-balance.ts";

const parameters = {
  exposure: number({
    description: "Each stop doubles the light, each below 0 halves it; in linear light.",
    minimum: -4,
    maximum: 4,
    byDefault: 0,
    unit: "stops",
  }),
  temperature: number({
    description: "Colour temperature: below 0 cooler (blue), above 0 warmer (amber), along the Planckian locus.",
    minimum: -100,
    maximum: 100,
    byDefault: 0,
    unit: "mired",
  }),
  tint: number({
    description: "Below 0 towards green, above 0 towards magenta, across the Planckian locus.",
    minimum: -100,
    maximum: 100,
    byDefault: 0,
  }),
  gamma: number({
    description: "Samples are raised to 1 / gamma: above 1 mid-tones are lighter; black and white stay.",
    minimum: 0.2,
    maximum: 5,
    byDefault: 1,
  }),
  brightness: number({
    description: "Factor of all samples, as CSS brightness(): 0 is black, 100 changes nothing.",
    minimum: 0,
    maximum: 400,
    byDefault: 100,
    unit: "%",
  }),
  contrast: number({
    description: "Factor of the distance from mid-grey, as CSS contrast(): 0 is mid-grey, 100 changes nothing.",
    minimum: 0,
    maximum: 400,
    byDefault: 100,
    unit: "%",
  }),
  hue: number({
    description: "Rotation of all hues, as CSS hue-rotate().",
    minimum: -180,
    maximum: 180,
    byDefault: 0,
    unit: "degrees",
  }),
  saturation: number({
    description: "Factor of saturation, as CSS saturate(): 0 is grey, 100 changes nothing.",
    minimum: 0,
    maximum: 400,
    byDefault: 100,
    unit: "%",
  }),
  vibrance: number({
    description: "Saturation of muted colours; vivid ones change less.",
    minimum: -100,
    maximum: 100,
    byDefault: 0,
    unit: "%",
  }),
};

type Settings = SettingsOf<typeof parameters>;

/**
 * Adjusts light and colour in this order: exposure and white balance (one product, in linear light), gamma, brightness, contrast, hue, saturation,
 * vibrance; each result is limited to 0 to 1, as filters in CSS are. Brightness, contrast, hue and saturation are those of the W3C Filter Effects Module
 * Level 1. Vibrance is C. C. S. Jensen's shader "Vibrance" of ReShade without its sign: the distance from luma is multiplied by
 * 1 + vibrance * (1 - spread), where spread is the largest sample less the smallest.
 */
export const color = defineEffect({
  name: "color",
  group: "tone",
  title: "Colour",
  description:
    "Exposure, white balance, gamma, brightness, contrast, hue, saturation and vibrance; changes nothing by default.",
  revision: 1,
  parameters,
  createStage(settings, context, target) {
    return mapRows(context, createPainter(settings, context), target);
  },
});

function createPainter(settings: Settings, context: StageContext): RowPainter {
  const createSteps = (own: StageContext) => createStepPainter(settings, own);
  const matrices = matricesOf(settings);
  const [first] = matrices;
  if (settings.vibrance !== 0) return createSteps(context);
  if (first === undefined) return mapSamples(context, createSteps);
  const isMatrix = matrices.length === 1 && tonesOf(settings) === undefined;
  return isMatrix ? createMatrixPainter(context, first) : createSteps(context);
}

/** Returns the matrices that are not neutral. Results are limited after each. */
function matricesOf({ hue, saturation }: Settings): readonly ColorMatrix[] {
  const matrices: ColorMatrix[] = [];
  if (hue !== 0) matrices.push(hueMatrix(hue));
  if (saturation !== 100) matrices.push(saturateMatrix(saturation / 100));
  return matrices;
}

function createStepPainter(settings: Settings, context: StageContext): RowPainter {
  const steps = createSteps(settings, context);
  const { space, shape } = context;
  const bytes = rowBytes(shape, "floats");
  return onFloats(context, (row, to) => {
    if (steps.length === 0) space.bytes(to, bytes).set(space.bytes(row, bytes));
    steps.forEach((step, i) => {
      step(i === 0 ? row : to, to);
    });
  });
}

/** Maps the colours of a row of floats, also in place. */
type Step = (from: number, to: number) => void;

/** Returns the steps that are not neutral. */
function createSteps(settings: Settings, { space, shape }: StageContext): readonly Step[] {
  const { widthPx, channels } = shape;
  const { curves, vibrance } = space.use(toneKernels);
  const steps: Step[] = [];
  const tables = tonesOf(settings)?.map((table) => space.constant(table));
  if (tables !== undefined) {
    const [red, green, blue] = tables as [number, number, number];
    steps.push((from, to) => curves(from, channels, widthPx, red, green, blue, toneSteps, to));
  }
  for (const matrix of matricesOf(settings)) steps.push(createMatrix(space, shape, matrix));
  if (settings.vibrance !== 0) steps.push((from, to) => vibrance(from, channels, widthPx, settings.vibrance / 100, to));
  return steps;
}

/** Returns the tables of the steps that work on each channel alone, undefined if all are neutral. Equal ones are the same table. */
function tonesOf({
  exposure,
  temperature,
  tint,
  gamma,
  brightness,
  contrast,
}: Settings): readonly Float32Array[] | undefined {
  const isLit = exposure !== 0 || temperature !== 0 || tint !== 0;
  if (!isLit && gamma === 1 && brightness === 100 && contrast === 100) return undefined;
  const gains = temperature === 0 && tint === 0 ? [1, 1, 1] : balanceGains(temperature, tint);
  const tables = new Map<number, Float32Array>();
  return gains.map((gain) => {
    const table =
      tables.get(gain) ??
      tabulateTone((sample) => {
        const light = isLit ? toEncoded(clampUnit(toLinear(sample) * gain * 2 ** exposure)) : sample;
        const bright = clampUnit((light ** (1 / gamma) * brightness) / 100);
        return ((bright - 0.5) * contrast) / 100 + 0.5;
      });
    tables.set(gain, table);
    return table;
  });
}
