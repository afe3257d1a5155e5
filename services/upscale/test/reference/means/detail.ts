import { addTimes } from "./interpolate.ts";
import type { Layout } from "./layout.ts";
import { mirrored } from "./mirror.ts";

/** Radius of the box that detail is averaged over, in pixels. */
export const detailRadiusPx = 2;

const side = 2 * detailRadiusPx + 1;

/**
 * Computes the mean over a box around each pixel of a row, mirrored at the borders. Writes the row at `y` to `out`; reads the
 * rows around it with `rowAt`.
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
    // The sum of the window around the position before the first one. Each step moves it by one.
    let sum = 0;
    for (let i = 0; i < side; i++) sum += sums[(sideways[i] as number) + channel] as number;
    for (let x = 0, at = channel; at < out.length; x++, at += channels) {
      sum += sums[(sideways[x + side] as number) + channel] as number;
      sum -= sums[(sideways[x] as number) + channel] as number;
      out[at] = sum / side ** 2;
    }
  }
}

/** Levels of detail that count as none: flat regions are not corrected because of a pattern beside them. */
const leastDetail = 2;

/** Returns how much the enlargement changed around each pixel of a source row: the absolute change of means, averaged over a box twice. */
export function createDetails(
  { widthPx, heightPx, channels, samples, newRows }: Layout,
  sourceAt: (y: number) => Float32Array,
  meansAt: (y: number) => Float32Array,
): (y: number) => Float32Array {
  const changes = newRows("few", (y, row) => {
    subtract(sourceAt(y), meansAt(y), row);
    for (let i = 0; i < samples; i++) row[i] = Math.abs(row[i] as number);
    return true;
  });
  const [once, twice] = [createBoxMean(widthPx, heightPx, channels), createBoxMean(widthPx, heightPx, channels)];
  const boxed = newRows("few", (y, row) => {
    once(y, changes.at, row);
    return true;
  });
  const details = newRows("half", (y, row) => {
    twice(y, boxed.at, row);
    for (let i = 0; i < samples; i++) row[i] = (row[i] as number) + leastDetail;
    return true;
  });
  return details.at;
}

/** Writes the difference of two rows to `out`. */
export function subtract(row: Float32Array, from: Float32Array, out: Float32Array): void {
  for (let i = 0; i < out.length; i++) out[i] = (row[i] as number) - (from[i] as number);
}
