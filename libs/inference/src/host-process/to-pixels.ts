import { toStrides } from "./layout.ts";

/** A picture of floats as a model gave it. `unit`: samples are 0..1, `byte`: 0..255. */
export type Floats = {
  readonly data: Float32Array;
  readonly pixels: number;
  readonly layout: "nchw" | "nhwc";
  readonly range: "unit" | "byte";
};

/** Bytes, and what was seen of the samples that they were made from. */
export type Converted = {
  readonly bytes: Uint8Array;
  /** No NaN and no infinity. */
  readonly finite: boolean;
  /** How far samples go, in the model's range; at least from 0 to its end. */
  readonly least: number;
  readonly most: number;
};

/** RGB bytes, interleaved, clamped and rounded half up. */
export function toRgbBytes(floats: Floats): Converted {
  return convert(floats, 3);
}

/** Grey bytes of an RGB answer: the luma of ITU-R BT.601. */
export function toGreyBytes(floats: Floats): Uint8Array {
  const { data, pixels } = floats;
  const { channelStride, pixelStride } = toStrides(floats.layout, pixels, 3);
  const scale = floats.range === "unit" ? 255 : 1;
  const bytes = new Uint8Array(pixels);
  for (let i = 0, from = 0; i < pixels; i++, from += pixelStride) {
    const red = data[from] as number;
    const green = data[from + channelStride] as number;
    const blue = data[from + 2 * channelStride] as number;
    bytes[i] = toByte((0.299 * red + 0.587 * green + 0.114 * blue) * scale);
  }
  return bytes;
}

/** Bytes of a one-channel answer. */
export function toLuminanceBytes(floats: Floats): Converted {
  return convert(floats, 1);
}

/**
 * Converts and inspects in one pass: results are large, and reading them once more costs as much as converting them. What lies
 * strictly inside the range has been looked at by that alone; only the rest, NaN among it, needs further questions.
 */
function convert({ data, pixels, layout, range }: Floats, channels: number): Converted {
  const { channelStride, pixelStride } = toStrides(layout, pixels, channels);
  const scale = range === "unit" ? 255 : 1;
  const bytes = new Uint8Array(pixels * channels);
  let residue = 0;
  let least = 0;
  let most = 255;
  for (let channel = 0; channel < channels; channel++) {
    let from = channel * channelStride;
    for (let to = channel; to < bytes.length; to += channels, from += pixelStride) {
      const value = (data[from] as number) * scale;
      if (value > 0 && value < 255) {
        bytes[to] = (value + 0.5) | 0;
        continue;
      }
      // A finite sample less itself is 0; anything else is NaN and stays so in a sum.
      residue += value - value;
      if (value < least) least = value;
      if (value > most) most = value;
      bytes[to] = value >= 255 ? 255 : 0;
    }
  }
  return { bytes, finite: residue === 0, least: least / scale, most: most / scale };
}

/** Clamped and rounded half up. */
export function toByte(value: number): number {
  return value <= 0 ? 0 : value >= 255 ? 255 : (value + 0.5) | 0;
}
