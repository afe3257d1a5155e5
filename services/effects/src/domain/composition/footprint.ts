import type { Pace } from "@pixelmesh/lifecycle";
import type { PictureRows } from "../picture/picture-rows.ts";
import type { RowShape } from "../rows/rows.ts";
import { findObjectBytes, scanAlpha } from "./object-area.ts";

/** Where an object stands: the lower contour of its alpha. */
export type Footprint = {
  /** The row below its lowest visible pixel. */
  readonly groundPx: number;
  /** Rows from its highest to its lowest visible pixel. */
  readonly heightPx: number;
  /** The row of the lowest visible pixel of each column, -1 for a column without one. */
  readonly lowest: Int32Array;
};

/** A pixel is visible if more than half of it is covered. */
const visibleAlpha = 0.5;

/** Finds the footprint of an object; undefined if nothing is visible. All pixels of a picture without alpha count. Reads the rows once, top-down. */
export async function findFootprint(picture: PictureRows, pace: Pace): Promise<Footprint | undefined> {
  const { widthPx, heightPx, channels } = picture.shape;
  const lowest = new Int32Array(widthPx).fill(-1);
  if (channels === 3) return { groundPx: heightPx, heightPx, lowest: lowest.fill(heightPx - 1) };
  let [top, ground] = [heightPx, 0];
  let entries = 0;
  await scanAlpha(picture, visibleAlpha, pace, (kernels, { row, isFloat, bound }, y, space) => {
    if (y === 0) {
      entries = space.allocate(lowest.byteLength);
      space.bytes(entries, lowest.byteLength).fill(255);
    }
    if (kernels.firstVisible(row, isFloat, widthPx, bound) < widthPx) {
      top = Math.min(top, y);
      ground = y + 1;
      kernels.markVisible(row, isFloat, widthPx, bound, y, entries);
    }
    if (y === heightPx - 1) new Uint8Array(lowest.buffer).set(space.bytes(entries, lowest.byteLength));
  });
  return ground === 0 ? undefined : { groundPx: ground, heightPx: ground - top, lowest };
}

/** Returns the bytes that the search and the footprint hold. */
export function footprintBytes(shape: RowShape): number {
  return findObjectBytes(shape) + 16 * shape.widthPx + 1_024;
}

/** A flat shape around a line: its half height in px and its density from 0 to 1, for each column. */
export type FlatShape = { readonly halves: Float32Array; readonly weights: Float32Array };

/** How an object rests on the ground. */
export type Contact = {
  /** Rows above the ground within which the object rests on it, at least 1. */
  readonly depthPx: number;
  /** How far the shape grows to either side. */
  readonly spreadPx: number;
  /** The largest half height of the shape. */
  readonly halfPx: number;
};

/**
 * Returns the flat shape of a footprint, with `marginPx` columns more on either side. Each run of columns that rest on the ground is an ellipse, grown to
 * either side and at most half as high as wide. The density falls from 1 on the ground to 0 at `depthPx` above it. Where two ellipses meet, the one with more of
 * both counts. Takes turns by `pace`.
 */
export async function toFlatShape(
  { groundPx, lowest }: Footprint,
  { depthPx, spreadPx, halfPx }: Contact,
  marginPx: number,
  pace: Pace,
): Promise<FlatShape> {
  const columns = lowest.length + 2 * marginPx;
  const [halves, weights] = [new Float32Array(columns), new Float32Array(columns)];
  const densityAt = (x: number) => {
    const row = lowest[x] as number;
    return row < 0 ? 0 : Math.max(0, 1 - (groundPx - 1 - row) / depthPx);
  };
  for (let start = 0, end = 0; start < lowest.length; start = end + 1) {
    for (end = start; end < lowest.length && densityAt(end) > 0; end++);
    if (end === start) continue;
    const across = (end - start) / 2 + spreadPx;
    const middle = (start + end) / 2;
    const half = Math.min(halfPx, across / 2);
    // Densities are stretched over the grown width.
    const stretch = (end - start) / (2 * across);
    for (let x = Math.floor(middle - across); x < middle + across; x++) {
      const away = x + 0.5 - middle;
      const height = half * Math.sqrt(Math.max(0, 1 - (away / across) ** 2));
      const density = between(densityAt, middle + away * stretch - 0.5, start, end - 1);
      const column = x + marginPx;
      if (height * density <= (halves[column] as number) * (weights[column] as number)) continue;
      halves[column] = height;
      weights[column] = density;
    }
    await pace(2 * across);
  }
  return { halves, weights };
}

/** Returns a value at a place between whole places from `first` to `last`. */
function between(valueAt: (at: number) => number, place: number, first: number, last: number): number {
  const at = Math.min(last, Math.max(first, place));
  const left = Math.floor(at);
  return valueAt(left) + (valueAt(Math.min(last, left + 1)) - valueAt(left)) * (at - left);
}
