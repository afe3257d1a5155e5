import { lumaWeights, luminanceWeights, type Rgb, toLinear } from "../color/color.ts";
import { curveAt, linearCurve } from "../color/curve.ts";
import { toColorTable } from "../rows/color-table.ts";
import { byteAsFloat, createMix } from "../rows/mix.ts";
import { allocatePlane, type Row, type StageContext } from "../rows/rows.ts";

/**
 * The tones of the rows of a dithered picture: the allowed levels, and the conversion of rows to tones and back to colours. One tone a pixel if
 * `planes` is 1, one each for R, G and B if it is 3.
 */
export type Tones = {
  readonly planes: 1 | 3;
  /** The allowed tones, ascending from 0 to 1, in the space that errors are measured in. */
  readonly levels: Float64Array;
  /** Address of the tones that `read` writes, as floats. */
  readonly tones: number;
  /** Address of the index of a level for each tone, as bytes. `write` reads them. */
  readonly indices: number;
  readonly read: (row: Row) => void;
  /** Writes the colours for the indices into a row. */
  readonly write: (row: Row) => void;
};

/** Fills the indices for the tones of row `y`. Called once for each row, top-down. */
export type Quantizer = (row: Row, y: number) => void;

/**
 * Creates tones from `dark` to `light` in `count` even steps of the sRGB curve. With `linearLight` tones are compared and errors
 * measured in linear light (luminance of BT.709 for one plane), so that a pattern seen from afar is as bright as the picture.
 * Without it, in encoded values, like older software (luma of BT.601).
 */
export function createTones(
  context: StageContext,
  options: { count: number; planes: 1 | 3; linearLight: boolean; dark: Rgb; light: Rgb },
): Tones {
  const { count, planes, linearLight, dark, light } = options;
  const levels = toneLevels(count, linearLight);
  return createTonesOf(context, { levels, colors: toneColors(count, dark, light), planes, linearLight });
}

/**
 * Creates the tones of a palette of one hue, from dark to light: its colours at their luminance (or luma, encoded), with black at the darkest and white
 * at the lightest of them.
 */
export function createPaletteTones(context: StageContext, colors: readonly Rgb[], linearLight: boolean): Tones {
  return createTonesOf(context, { levels: paletteLevels(colors, linearLight), colors, planes: 1, linearLight });
}

/** Returns the tones of such a palette, ascending from 0 to 1. */
export function paletteLevels(colors: readonly Rgb[], linearLight: boolean): Float64Array {
  const tones = Float64Array.from(colors, ([red, green, blue]) =>
    linearLight
      ? luminanceWeights[0] * toLinear(red) +
        luminanceWeights[1] * toLinear(green) +
        luminanceWeights[2] * toLinear(blue)
      : lumaWeights[0] * red + lumaWeights[1] * green + lumaWeights[2] * blue,
  );
  const [darkest, lightest] = [tones[0] as number, tones.at(-1) as number];
  return tones.map((tone) => (tone - darkest) / (lightest - darkest));
}

function createTonesOf(
  context: StageContext,
  options: { levels: Float64Array; colors: readonly Rgb[]; planes: 1 | 3; linearLight: boolean },
): Tones {
  const { levels, colors, planes, linearLight } = options;
  const { space, shape, to } = context;
  const { paintIndices, paintSamples } = space.kernels;
  const table = space.constant(toColorTable(colors, to));
  const indices = allocatePlane(space, planes * shape.widthPx, 1);
  const tones = allocatePlane(space, planes * shape.widthPx, 4);
  const paint = planes === 1 ? paintIndices : paintSamples;
  return {
    planes,
    levels,
    tones,
    indices,
    read:
      planes === 1 ? createGreyReader(context, linearLight, tones) : createSampleReader(context, linearLight, tones),
    write: (row) => paint(indices, shape.widthPx, table, shape.channels, to === "floats", row),
  };
}

/** Returns `count` tones from 0 to 1, in even steps of the sRGB curve: as linear light or encoded. */
export function toneLevels(count: number, linearLight: boolean): Float64Array {
  const steps = evenSteps(count);
  return linearLight ? steps.map(toLinear) : steps;
}

/** Returns the colours of `count` tones, sRGB-encoded. */
export function toneColors(count: number, dark: Rgb, light: Rgb): readonly Rgb[] {
  return Array.from(evenSteps(count), (step): Rgb => {
    const [red, green, blue] = dark.map((from, c) => from + ((light[c] as number) - from) * step);
    return [red as number, green as number, blue as number];
  });
}

function evenSteps(count: number): Float64Array {
  return Float64Array.from({ length: count }, (_, i) => i / (count - 1));
}

function createGreyReader(context: StageContext, linearLight: boolean, tones: number): Tones["read"] {
  const { space, shape } = context;
  const mix = createMix(context, linearLight ? luminanceWeights : lumaWeights, linearLight);
  const plane = allocatePlane(space, shape.widthPx, 8);
  return (row) => {
    mix(row, plane);
    space.kernels.toFloatPlane(plane, shape.widthPx, tones);
  };
}

/** Returns the function that writes the samples of a row as floats at `tones`, three for each pixel: as linear light or encoded. */
export function createSampleReader(
  { space, shape, from }: StageContext,
  linearLight: boolean,
  tones: number,
): Tones["read"] {
  const { widthPx, channels } = shape;
  const { samplesOfBytes, samplesOfFloats } = space.kernels;
  const { steps, table } = linearCurve;
  if (from === "floats") {
    const curve = linearLight ? space.constant(table) : 0;
    return (row) => samplesOfFloats(row, channels, widthPx, curve, linearLight ? steps : 0, tones);
  }
  const samples = Float32Array.from({ length: 256 }, (_, value) =>
    linearLight ? curveAt(linearCurve, byteAsFloat(value)) : byteAsFloat(value),
  );
  const address = space.constant(samples);
  return (row) => samplesOfBytes(row, channels, widthPx, address, tones);
}
