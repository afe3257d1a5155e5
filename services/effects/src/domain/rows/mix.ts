import type { Rgb } from "../color/color.ts";
import { curveAt, linearCurve } from "../color/curve.ts";
import type { Row, StageContext } from "./rows.ts";

/**
 * Returns the function that writes one value for each pixel of a row to a plane of doubles: the weighted sum of its samples, at most 1. With `isLinear`
 * the samples are decoded to linear light first.
 */
export function createMix(
  { space, shape, from }: StageContext,
  weights: Rgb,
  isLinear: boolean,
): (row: Row, plane: number) => void {
  const { widthPx, channels } = shape;
  const { mixBytes, mixFloats, mixCurvedFloats } = space.kernels;
  if (from === "bytes") {
    const tables = new Float64Array(3 * 256);
    for (let value = 0; value < 256; value++) {
      const sample = byteAsFloat(value);
      const light = isLinear ? curveAt(linearCurve, sample) : sample;
      for (let c = 0; c < 3; c++) tables[c * 256 + value] = (weights[c] as number) * light;
    }
    const address = space.constant(tables);
    return (row, plane) => mixBytes(row, channels, widthPx, address, plane);
  }
  const [red, green, blue] = weights;
  if (!isLinear) return (row, plane) => mixFloats(row, channels, widthPx, red, green, blue, plane);
  const { steps, table } = linearCurve;
  const curve = space.constant(table);
  return (row, plane) => mixCurvedFloats(row, channels, widthPx, red, green, blue, curve, steps, plane);
}

/** Returns a byte of a picture as the float that a row has for it. */
export function byteAsFloat(value: number): number {
  return Math.fround(value / 255);
}

/** Returns a sample from 0 to 1 as the byte of a picture: first as a float, then rounded half up. */
export function toByte(sample: number): number {
  return Math.min(255, Math.max(0, Math.floor(Math.fround(sample) * 255 + 0.5)));
}
