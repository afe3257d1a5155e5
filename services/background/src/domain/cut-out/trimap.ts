import type { Pace } from "@pixelmesh/lifecycle";
import { type CutOutKernels, cutOutKernels } from "../../kernels/cut-out-kernels.ts";
import { createLayout } from "../../kernels/lay-out.ts";
import { createPlane, type Plane, type Size } from "../planes/plane.ts";
import { createTurns } from "../turns.ts";

/**
 * The band on each side of an edge, as a share of the picture's longer side. On the GrabCut photographs it lowers the mean error of alpha from 0.106 to 0.092 with the bundled model, and keeps that of u2netp (0.056); the
 * overlap stays. A band of 0.01 lowers the errors further, to 0.087 and 0.055, but their masks have no hair.
 */
export const defaultBandShare = 0.03;

/**
 * Decides a matte except in a band along its edge: pixels of the object (values from 0.5 on) farther than `bandPx` from the background become 1, and pixels of the
 * background farther than that from the object become 0. Distances are Euclidean, between centres, in px of the picture over which the matte is stretched.
 * Throws OUT_OF_MEMORY if the kernels get none.
 */
export async function decideOutsideBand(matte: Plane, picture: Size, bandPx: number, pace: Pace): Promise<Plane> {
  const kernels = cutOutKernels.take();
  try {
    return await decideBy(kernels, matte, columnsInBand(matte, picture, bandPx), pace);
  } finally {
    cutOutKernels.give(kernels);
  }
}

async function decideBy(kernels: CutOutKernels, matte: Plane, reaches: Int32Array, pace: Pace): Promise<Plane> {
  const { widthPx, heightPx, data } = matte;
  const layout = createLayout();
  const values = layout.add(data.byteLength);
  const rows = layout.add(data.length * Uint16Array.BYTES_PER_ELEMENT);
  const table = layout.add(reaches.byteLength);
  const reached = layout.add(widthPx);
  kernels.reserve(layout.end());
  kernels.floats(values, data.length).set(data);
  kernels.bytes(table, reaches.byteLength).set(new Uint8Array(reaches.buffer));
  kernels.setBand(widthPx, heightPx, values, rows, table, reaches.length - 1, reached);
  const inTurns = createTurns(pace);
  await inTurns(heightPx, widthPx, kernels.bandRowSteps);
  await inTurns(heightPx, widthPx, kernels.decideSteps);
  return createPlane(matte, kernels.floats(values, data.length).slice());
}

/**
 * Returns how many columns of the matte the band reaches beside a pixel, for each number of rows below or above it, as far as it reaches; then -1. The band
 * is an ellipse of the matte's pixels, which is a circle in the picture.
 */
function columnsInBand(matte: Size, picture: Size, bandPx: number): Int32Array {
  const [columnPx, rowPx] = [picture.widthPx / matte.widthPx, picture.heightPx / matte.heightPx];
  const isInBand = (columns: number, rows: number) =>
    columnPx * columnPx * columns ** 2 + rowPx * rowPx * rows ** 2 <= bandPx * bandPx;
  const reaches: number[] = [];
  let columns = matte.widthPx - 1;
  for (let rows = 0; rows < matte.heightPx && isInBand(0, rows); rows++) {
    while (!isInBand(columns, rows)) columns -= 1;
    reaches.push(columns);
  }
  return Int32Array.of(...reaches, -1);
}
