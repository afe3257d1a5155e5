import type { Pace } from "@pixelmesh/lifecycle";
import { createPlane, type Plane } from "../../src/domain/planes/plane.ts";

/**
 * Returns the mean of each pixel's square neighbourhood of side `2 * radiusPx + 1`, or of its part inside the picture. Uses
 * running sums, so a larger radius costs nothing.
 */
export async function boxMean(plane: Plane, radiusPx: number, pace: Pace): Promise<Plane> {
  const { widthPx, heightPx } = plane;
  const sideways = createPlane(plane);
  for (let start = 0; start < plane.data.length; start += widthPx) {
    meanAlongRow(plane.data, sideways.data, start, start + widthPx, radiusPx);
    await pace(widthPx);
  }
  const out = createPlane(plane);
  const sums = new Float64Array(widthPx);
  for (let y = 0; y < Math.min(radiusPx, heightPx); y++) addRow(sums, sideways.data, y * widthPx, 1);
  for (let y = 0; y < heightPx; y++) {
    if (y + radiusPx < heightPx) addRow(sums, sideways.data, (y + radiusPx) * widthPx, 1);
    if (y > radiusPx) addRow(sums, sideways.data, (y - radiusPx - 1) * widthPx, -1);
    const share = 1 / (Math.min(y + radiusPx, heightPx - 1) - Math.max(y - radiusPx, 0) + 1);
    const start = y * widthPx;
    for (let x = 0; x < widthPx; x++) out.data[start + x] = (sums[x] as number) * share;
    await pace(widthPx);
  }
  return out;
}

function addRow(sums: Float64Array, from: Float32Array, start: number, sign: 1 | -1): void {
  for (let x = 0; x < sums.length; x++) sums[x] = (sums[x] as number) + sign * (from[start + x] as number);
}

function meanAlongRow(from: Float32Array, to: Float32Array, start: number, end: number, radiusPx: number): void {
  let sum = 0;
  let count = 0;
  // `entering` runs ahead of the pixel whose window it enters. Before the row's start no mean is due; after its end nothing
  // enters.
  for (let entering = start; entering < end + radiusPx; entering++) {
    if (entering < end) {
      sum += from[entering] as number;
      count++;
    }
    const leaving = entering - 2 * radiusPx - 1;
    if (leaving >= start) {
      sum -= from[leaving] as number;
      count--;
    }
    const at = entering - radiusPx;
    if (at >= start) to[at] = sum / count;
  }
}
