import { toStrides } from "./layout.ts";
import type { Converted, OutputMemory } from "./output-memory.ts";

/** How a picture of floats lies in the output memory. `unit`: samples are 0..1, `byte`: 0..255. */
export type Floats = {
  readonly pixels: number;
  readonly layout: "nchw" | "nhwc";
  readonly range: "unit" | "byte";
};

/** Converts an RGB output to interleaved bytes. */
export function toRgbBytes(memory: OutputMemory, { pixels, layout, range }: Floats): Converted {
  const isPlanar = layout === "nchw";
  return memory.convert({ count: isPlanar ? pixels : 3 * pixels, isPlanar, scale: toScale(range) });
}

/** Converts a one-channel output to bytes. */
export function toLuminanceBytes(memory: OutputMemory, { pixels, range }: Floats): Converted {
  return memory.convert({ count: pixels, isPlanar: false, scale: toScale(range) });
}

/** Converts an RGB output to grey bytes: the luma of ITU-R BT.601. */
export function toGreyBytes(data: Float32Array, { pixels, layout, range }: Floats): Uint8Array {
  const { channelStride, pixelStride } = toStrides(layout, pixels, 3);
  const scale = toScale(range);
  const bytes = new Uint8Array(pixels);
  for (let i = 0, from = 0; i < pixels; i++, from += pixelStride) {
    const red = data[from] as number;
    const green = data[from + channelStride] as number;
    const blue = data[from + 2 * channelStride] as number;
    bytes[i] = toByte((0.299 * red + 0.587 * green + 0.114 * blue) * scale);
  }
  return bytes;
}

function toScale(range: Floats["range"]): number {
  return range === "unit" ? 255 : 1;
}

/** Clamps to 0 to 255 and rounds half up. */
export function toByte(value: number): number {
  return value <= 0 ? 0 : value >= 255 ? 255 : (value + 0.5) | 0;
}
