import type { HostModel } from "../../protocol/messages.ts";
import { toStrides } from "./layout.ts";

/** Interleaved 8-bit pixels. */
export type Pixels = {
  readonly widthPx: number;
  readonly heightPx: number;
  readonly channels: 1 | 3;
  readonly data: Uint8Array;
};

/**
 * Writes pixels as model input to `target` (pixels × 3 floats), with the range, mean and deviation of the entry. Grey pixels
 * are repeated in all three channels.
 */
export function writeRgbFloats(pixels: Pixels, input: HostModel["input"], target: Float32Array): void {
  const count = pixels.widthPx * pixels.heightPx;
  const { channelStride, pixelStride } = toStrides(input.layout, count, 3);
  const { data, channels } = pixels;
  const top = input.divideByMax ? Math.max(1, largest(data)) : 255;
  for (let channel = 0; channel < 3; channel++) {
    const table = toTable(input, channel, top);
    let from = channels === 3 ? channel : 0;
    let to = channel * channelStride;
    for (let i = 0; i < count; i++, from += channels, to += pixelStride)
      target[to] = table[data[from] as number] as number;
  }
}

/** Writes luminance samples as model input to `target`. */
export function writeLuminanceFloats(luminance: Uint8Array, input: HostModel["input"], target: Float32Array): void {
  const table = toTable(input, 0, input.divideByMax ? Math.max(1, largest(luminance)) : 255);
  for (let i = 0; i < luminance.length; i++) target[i] = table[luminance[i] as number] as number;
}

/** The input value of each 8-bit sample of a channel. */
function toTable(input: HostModel["input"], channel: number, top: number): Float32Array {
  const mean = input.mean?.[channel] ?? 0;
  const deviation = input.std?.[channel] ?? 1;
  const divisor = input.range === "unit" ? top : 1;
  return Float32Array.from({ length: 256 }, (_, value) => (value / divisor - mean) / deviation);
}

function largest(data: Uint8Array): number {
  let most = 0;
  for (let i = 0; i < data.length; i++) if ((data[i] as number) > most) most = data[i] as number;
  return most;
}
