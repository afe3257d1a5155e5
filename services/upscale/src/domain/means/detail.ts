import { addTimes } from "./interpolate.ts";
import { mirrored } from "./mirror.ts";

/** Radius of the box that detail is averaged over, in pixels. */
export const detailRadiusPx = 2;

const side = 2 * detailRadiusPx + 1;

/**
 * The mean over a box around each pixel of a row, mirrored at the borders. It writes the row at `y` to `out`; `rowAt` is asked for the
 * rows around it.
 */
export function createBoxMean(widthPx: number, heightPx: number, channels: number) {
  const downwards = mirrored(heightPx, detailRadiusPx);
  const sideways = mirrored(widthPx, detailRadiusPx + 1).map((x) => x * channels);
  const down = new Float32Array(widthPx * channels);
  return (y: number, rowAt: (y: number) => Float32Array, out: Float32Array): void => {
    down.fill(0);
    for (let i = 0; i < side; i++) addTimes(down, 1, rowAt(downwards[y + i] as number));
    slideWindow(down, sideways, channels, out);
  };
}

function slideWindow(sums: Float32Array, sideways: Int32Array, channels: number, out: Float32Array): void {
  for (let channel = 0; channel < channels; channel++) {
    // The sum of the window around the place before the first; each step moves it on by one.
    let sum = 0;
    for (let i = 0; i < side; i++) sum += sums[(sideways[i] as number) + channel] as number;
    for (let x = 0, at = channel; at < out.length; x++, at += channels) {
      sum += sums[(sideways[x + side] as number) + channel] as number;
      sum -= sums[(sideways[x] as number) + channel] as number;
      out[at] = sum / side ** 2;
    }
  }
}
