import { lumaWeights } from "../color/color.ts";
import { createAlphaCopy } from "../rows/alpha.ts";
import { mapRows } from "../rows/map-rows.ts";
import { createMix } from "../rows/mix.ts";
import {
  allocatePlane,
  type Row,
  type RowTarget,
  rowBytes,
  type Stage,
  type StageContext,
  sampleBytes,
} from "../rows/rows.ts";

/** Writes the colours of row `y`, and over them the outlines: the address of a plane of floats, or 0 for none. */
export type OutlinePainter = (from: Row, to: Row, y: number, lines: number) => void;

/**
 * Returns the stage that paints rows with black lines, about `2 * radiusPx` wide, at edges of the luma of the original row: a box blur against
 * noise, then Sobel's gradient (I. Sobel, G. Feldman, 1968), scaled so that a step of a given height leaves the same line at any radius. The blur is
 * weighted by alpha. Holds `radiusPx + 1` rows and twice as many of luma.
 */
export function paintWithOutline(
  context: StageContext,
  { radiusPx, isDrawn }: { radiusPx: number; isDrawn: boolean },
  paint: OutlinePainter,
  target: RowTarget,
): Stage {
  if (!isDrawn) return mapRows(context, (row, to, y) => paint(row, to, y, 0), target);
  const { space, shape, from } = context;
  const { widthPx } = shape;
  const { gradient } = space.kernels;
  const copyAlpha = createAlphaCopy(context);
  const delayPx = radiusPx + 1;
  const bytes = rowBytes(shape, from);
  const waiting = Array.from({ length: delayPx + 1 }, () => space.allocate(bytes));
  const blurred = createLumaBlur(context, radiusPx);
  const lines = allocatePlane(space, widthPx, 4);
  const placeOf = (y: number) => waiting[y % waiting.length] as Row;
  const finish = (y: number) => {
    gradient(blurred.row(y - 1), blurred.row(y), blurred.row(y + 1), widthPx, 2 * radiusPx + 1, lines);
    const out = target.place();
    paint(placeOf(y), out, y, lines);
    copyAlpha(placeOf(y), out);
    target.emit(out);
  };
  let y = 0;
  // The next row of those that wait at the end.
  let rest = Number.POSITIVE_INFINITY;
  return {
    push(row) {
      space.bytes(placeOf(y), bytes).set(space.bytes(row, bytes));
      blurred.push(row);
      if (y >= delayPx) finish(y - delayPx);
      y += 1;
    },
    more() {
      if (rest >= y) return false;
      finish(rest++);
      return true;
    },
    end() {
      rest = Math.max(0, y - delayPx);
    },
  };
}

type RowBlur = {
  push(row: Row): void;
  /** Returns the address of a row of floats with one more on either side. Rows are requested in ascending order; the last three may be requested again. */
  row(y: number): number;
};

/** Computes luma under a square box blur, weighted by alpha. Where nothing is visible it is 0. */
function createLumaBlur(context: StageContext, radiusPx: number): RowBlur {
  const { space, shape, from } = context;
  const { widthPx } = shape;
  const { moveAlpha, toFloatPlane, unweigh, weigh } = space.kernels;
  const mix = createMix(context, lumaWeights, false);
  const plane = allocatePlane(space, widthPx, 8);
  const readLuma = (row: Row, to: number) => {
    mix(row, plane);
    toFloatPlane(plane, widthPx, to);
  };
  if (shape.channels === 3) return createRowBlur(context, radiusPx, readLuma);
  const sampleSize = sampleBytes(from);
  const readAlpha = (row: Row, to: number) =>
    moveAlpha(row + 3 * sampleSize, 4 * sampleSize, from === "floats", widthPx, to, 4, true);
  const alpha = allocatePlane(space, widthPx, 4);
  const sums = createRowBlur(context, radiusPx, (row, to) => {
    readLuma(row, to);
    readAlpha(row, alpha);
    weigh(to, alpha, widthPx);
  });
  const weights = createRowBlur(context, radiusPx, readAlpha);
  const done = Array.from({ length: 3 }, () => ({ y: -1, address: allocatePlane(space, widthPx + 32, 4) + 64 }));
  return {
    push(row) {
      sums.push(row);
      weights.push(row);
    },
    row(asked) {
      const y = clamp(asked, shape.heightPx - 1);
      const place = done[y % done.length] as (typeof done)[number];
      // With the samples on either side of the row.
      if (place.y !== y) unweigh(sums.row(y) - 4, weights.row(y) - 4, widthPx + 2, place.address - 4);
      place.y = y;
      return place.address;
    },
  };
}

/** Computes a plane of floats under a square box blur, from rows that are pushed one after another. Outside the picture its edge is repeated. */
function createRowBlur(
  { space, shape }: StageContext,
  radiusPx: number,
  read: (row: Row, to: number) => void,
): RowBlur {
  const { widthPx, heightPx } = shape;
  const { blurAcross, addToTotals, blurDown } = space.kernels;
  const span = 2 * radiusPx + 1;
  // Enough rows blurred sideways for later requests, and the last three that are blurred both ways.
  const sideways = Array.from({ length: span + 3 }, () => allocatePlane(space, widthPx, 4));
  const done = Array.from({ length: 3 }, () => allocatePlane(space, widthPx + 32, 4) + 64);
  const values = allocatePlane(space, widthPx + span + 16, 4);
  const totals = allocatePlane(space, widthPx, 8);
  let pushed = 0;
  let summed = -1;
  const rowAt = (y: number) => sideways[clamp(y, heightPx - 1) % sideways.length] as number;
  const sumUp = (y: number) => {
    if (y === 0) for (let from = -radiusPx; from <= radiusPx; from++) addToTotals(rowAt(from), widthPx, totals);
    const [entering, leaving] = y === 0 ? [0, 0] : [rowAt(y + radiusPx), rowAt(y - radiusPx - 1)];
    blurDown(entering, leaving, totals, widthPx, span, done[y % done.length] as number);
  };
  return {
    push(row) {
      read(row, values + radiusPx * 4);
      blurAcross(values, widthPx, span, sideways[pushed % sideways.length] as number);
      pushed += 1;
    },
    row(asked) {
      const y = clamp(asked, heightPx - 1);
      while (summed < y) sumUp(++summed);
      return done[y % done.length] as number;
    },
  };
}

function clamp(index: number, last: number): number {
  return Math.min(Math.max(index, 0), last);
}
