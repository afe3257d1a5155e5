import { toStrides } from "./layout.ts";

/** A picture of floats as a model gave it. `unit`: samples are 0..1, `byte`: 0..255. */
export type Floats = {
  readonly data: Float32Array;
  readonly pixels: number;
  readonly layout: "nchw" | "nhwc";
  readonly range: "unit" | "byte";
};

/** RGB bytes, interleaved, clamped and rounded half up. */
export function toRgbBytes(floats: Floats): Uint8Array {
  const { data, pixels } = floats;
  const { channelStride, pixelStride } = toStrides(floats.layout, pixels, 3);
  const scale = floats.range === "unit" ? 255 : 1;
  const bytes = new Uint8Array(pixels * 3);
  for (let i = 0, from = 0, to = 0; i < pixels; i++, from += pixelStride, to += 3) {
    bytes[to] = toByte((data[from] as number) * scale);
    bytes[to + 1] = toByte((data[from + channelStride] as number) * scale);
    bytes[to + 2] = toByte((data[from + 2 * channelStride] as number) * scale);
  }
  return bytes;
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
export function toLuminanceBytes(floats: Floats): Uint8Array {
  const scale = floats.range === "unit" ? 255 : 1;
  const bytes = new Uint8Array(floats.pixels);
  for (let i = 0; i < bytes.length; i++) bytes[i] = toByte((floats.data[i] as number) * scale);
  return bytes;
}

/** Clamped and rounded half up. */
export function toByte(value: number): number {
  return value <= 0 ? 0 : value >= 255 ? 255 : (value + 0.5) | 0;
}
