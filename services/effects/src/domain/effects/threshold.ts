import { toneKernels } from "../../kernels/tone-kernels.ts";
import { defineEffect } from "../catalogue/define-effect.ts";
import { choice, color, flag, number, type SettingsOf } from "../catalogue/parameters.ts";
import { lumaWeights, luminanceWeights, type Rgb, toLinear } from "../color/color.ts";
import { mapMeans } from "../detail/map-means.ts";
import { mapRows } from "../rows/map-rows.ts";
import { onFloats } from "../rows/on-floats.ts";
import { allocatePlane, type Row, type RowPainter, type StageContext } from "../rows/rows.ts";
import { createAdaptiveBytes } from "../tone/adaptive-bytes.ts";
import { type SplitSums, splitBySums } from "../tone/map-sums.ts";

/** Weights of encoded samples; none for luminance, which is mixed in linear light. */
const mixes = {
  luminance: undefined,
  luma: lumaWeights,
  average: [1 / 3, 1 / 3, 1 / 3],
} as const satisfies Record<string, Rgb | undefined>;

const parameters = {
  level: number({
    description: "Greys from this one on are light. If adaptive: 50 is the mean around, 42.5 lies 15 % below it.",
    minimum: 0,
    maximum: 100,
    byDefault: 50,
    unit: "%",
  }),
  softness: number({
    description: "Width of the greys between dark and light; 0 is a hard edge.",
    minimum: 0,
    maximum: 100,
    byDefault: 0,
    unit: "%",
  }),
  mix: choice({
    description: "The grey of a colour: luminance (BT.709, linear light), luma (BT.601), or average.",
    choices: Object.keys(mixes) as (keyof typeof mixes)[],
    byDefault: "luminance",
  }),
  dark: color({ description: "The colour below the level.", byDefault: "#000000" }),
  light: color({ description: "The colour from the level on.", byDefault: "#ffffff" }),
  adaptive: flag({
    description: "Compares with the mean of a square around, for uneven light, as on a photographed page.",
    byDefault: false,
  }),
  radius: number({
    description: "Half the side of the square of `adaptive`.",
    minimum: 1,
    maximum: 64,
    byDefault: 16,
    unit: "px",
  }),
};

type Settings = SettingsOf<typeof parameters>;

/**
 * Two colours, by encoded grey. The edge follows smoothstep, t² (3 - 2 t), over `softness`. Adaptive: D. Bradley and G. Roth, "Adaptive
 * thresholding using the integral image" (2007), with running sums; pixels count by their alpha, and edges are repeated.
 */
export const threshold = defineEffect({
  name: "threshold",
  group: "tone",
  title: "Threshold",
  description: "Two colours only: one below a grey and one above, for the whole picture or by the grey around.",
  revision: 1,
  parameters,
  createStage(settings, context, target) {
    if (!settings.adaptive) return mapRows(context, createPainter(context, settings), target);
    const { radius, level, softness, dark, light } = settings;
    const { shape, from, to } = context;
    const valuesOf = createGrey(context, settings.mix);
    if (from === "bytes" && to === "bytes" && shape.channels === 3 && softness === 0) {
      const split = { level: level / 50, low: dark, high: light };
      const painter = createAdaptiveBytes(context, split, settings.mix === "luminance" ? undefined : valuesOf);
      // Rows of floats are those that need no conversion.
      return mapMeans({ ...context, from: "floats", to: "floats" }, radius, painter, target);
    }
    return mapMeans(context, radius, { valuesOf, paint: createInk(context, settings) }, target);
  },
});

function createPainter(context: StageContext, settings: Settings): RowPainter {
  return settings.softness > 0
    ? createGreyPainter(context, settings)
    : splitBySums(context, sumsOf(settings), (own) => createGreyPainter(own, settings));
}

function createGreyPainter(context: StageContext, settings: Settings): RowPainter {
  const valuesOf = createGrey(context, settings.mix);
  const paint = createInk(context, settings);
  const plane = allocatePlane(context.space, context.shape.widthPx, 4);
  return onFloats(context, (row, to) => {
    valuesOf(row, plane);
    paint(plane, 0, to);
  });
}

// The kernel counts greys this little below the level as at it.
const levelSlack = 5e-5;

/**
 * Returns the sums that decide between the colours: greys, in linear light where that is mixed. The painter's linear light lies within 2e-6 of the exact one, and
 * its encoded grey within 7e-7, which is at most 2.3 times as much light; floats of sums have further errors of 2e-7.
 */
function sumsOf({ mix, level, dark, light }: Settings): SplitSums {
  const weights = mixes[mix];
  const bound = level / 100 - levelSlack;
  const colors = { low: dark, high: light };
  if (weights !== undefined)
    return { ...colors, added: (c, byte) => (weights[c] as number) * (byte / 255), bound, error: 1e-6 };
  const linear = (value: number) => (value < 0 ? value : toLinear(value));
  return {
    ...colors,
    added: (c, byte) => (luminanceWeights[c] as number) * toLinear(byte / 255),
    bound: linear(bound),
    error: 6e-6,
  };
}

/** Returns the function that writes the encoded greys of a row of floats to a plane. */
function createGrey(context: StageContext, mode: keyof typeof mixes): (row: Row, plane: number) => void {
  const { space, shape } = context;
  const { widthPx, channels } = shape;
  const { mix, luminance } = space.use(toneKernels);
  const weights = mixes[mode];
  if (weights === undefined) return (row, plane) => luminance(row, channels, widthPx, plane);
  const [red, green, blue] = weights;
  return (row, plane) => mix(row, channels, widthPx, red, green, blue, plane);
}

/** Returns the function that paints the colours of a row from a plane of greys, which is used up, and a plane of means or 0. */
function createInk(
  { space, shape }: StageContext,
  { level, softness, dark, light }: Settings,
): (plane: number, means: number, to: Row) => void {
  const { widthPx, channels } = shape;
  const kernels = space.use(toneKernels);
  const tableOf = (c: 0 | 1 | 2) => space.constant(Float32Array.of(dark[c], light[c], light[c]));
  const [red, green, blue] = [tableOf(0), tableOf(1), tableOf(2)];
  const scale = softness > 0 ? 100 / softness : 0;
  return (plane, means, to) => {
    kernels.threshold(plane, means, widthPx, means === 0 ? level / 100 : level / 50, scale);
    kernels.paint(plane, widthPx, red, green, blue, 1, channels, to);
  };
}
