import { lumaWeights, luminanceWeights, type Rgb, toLinear } from "../../src/domain/color/color.ts";
import { toneColors, toneLevels } from "../../src/domain/dither/tones.ts";
import { type Curve, linearOf } from "./curves.ts";

/**
 * The tones of a dithered picture: the allowed levels, and the conversion of rows to tones and back to colours. One tone a pixel
 * if `planes` is 1, one each for R, G and B if it is 3.
 */
export type Tones = {
  readonly planes: 1 | 3;
  /** The allowed tones, ascending from 0 to 1, in the space that errors are measured in. */
  readonly levels: Float64Array;
  /** Returns the index of the nearest level; half-way, the upper one. */
  readonly nearest: (tone: number) => number;
  /** Fills `out` with the tones of a row. */
  readonly read: (row: Float32Array, out: Float32Array) => void;
  /** Writes the colours for level indices into a row. Alpha is unchanged. */
  readonly write: (indices: Uint8Array, row: Float32Array) => void;
};

/**
 * Creates tones from `dark` to `light` in `count` even steps of the sRGB curve. With `linearLight` tones are compared and errors
 * measured in linear light (luminance of BT.709 for one plane), so that a pattern seen from afar is as bright as the picture.
 * Without it, in encoded values, like older software (luma of BT.601).
 */
export function createTones(options: {
  channels: 3 | 4;
  count: number;
  planes: 1 | 3;
  linearLight: boolean;
  dark: Rgb;
  light: Rgb;
}): Tones {
  const { channels, count, planes, linearLight, dark, light } = options;
  const levels = toneLevels(count, linearLight);
  return createTonesOf({ channels, levels, colors: toneColors(count, dark, light), planes, linearLight });
}

/** Creates the tones of a palette of one hue, from dark to light: at their luminance or luma, stretched to 0 to 1. */
export function createPaletteTones(channels: 3 | 4, colors: readonly Rgb[], linearLight: boolean): Tones {
  const tones = colors.map(([red, green, blue]) =>
    linearLight
      ? 0.2126 * toLinear(red) + 0.7152 * toLinear(green) + 0.0722 * toLinear(blue)
      : 0.299 * red + 0.587 * green + 0.114 * blue,
  );
  const [first, last] = [tones[0] as number, tones.at(-1) as number];
  const levels = Float64Array.from(tones, (tone) => (tone - first) / (last - first));
  return createTonesOf({ channels, levels, colors, planes: 1, linearLight });
}

function createTonesOf(options: {
  channels: 3 | 4;
  levels: Float64Array;
  colors: readonly Rgb[];
  planes: 1 | 3;
  linearLight: boolean;
}): Tones {
  const { channels, levels, colors, planes, linearLight } = options;
  return {
    planes,
    levels,
    nearest: createNearestLevel(levels),
    read: planes === 1 ? createGreyReader(channels, linearLight) : createPlaneReader(channels, linearLight),
    write(indices, row) {
      for (let c = 0; c < 3; c++) {
        let from = planes === 1 ? 0 : c;
        for (let to = c; to < row.length; to += channels, from += planes)
          row[to] = (colors[indices[from] as number] as Rgb)[c] as number;
      }
    },
  };
}

function createGreyReader(channels: 3 | 4, linearLight: boolean): Tones["read"] {
  const [red, green, blue] = linearLight ? luminanceWeights : lumaWeights;
  const curve: Curve = linearLight ? linearOf : (value) => value;
  return (row, out) => {
    for (let x = 0, i = 0; x < out.length; x++, i += channels) {
      out[x] = red * curve(row[i] as number) + green * curve(row[i + 1] as number) + blue * curve(row[i + 2] as number);
    }
  };
}

function createPlaneReader(channels: 3 | 4, linearLight: boolean): Tones["read"] {
  const curve: Curve = linearLight ? linearOf : (value) => value;
  return (row, out) => {
    for (let to = 0, i = 0; to < out.length; to += 3, i += channels) {
      out[to] = curve(row[i] as number);
      out[to + 1] = curve(row[i + 1] as number);
      out[to + 2] = curve(row[i + 2] as number);
    }
  };
}

/**
 * Returns the function that finds the nearest of ascending levels from 0 to 1; half-way, the upper one. It accepts any finite
 * number.
 */
export function createNearestLevel(levels: Float64Array): (tone: number) => number {
  const last = levels.length - 1;
  return (tone) => {
    let index = 0;
    while (index < last && tone >= ((levels[index] as number) + (levels[index + 1] as number)) / 2) index++;
    return index;
  };
}
