import type { DetailKernels } from "../../kernels/detail-kernels.ts";
import type { KernelSpace } from "../../kernels/kernel-space.ts";
import type { Row } from "../rows/rows.ts";
import type { BlurShape } from "./blur-shape.ts";
import { allocateRow, createRowWindow, type FloatRows } from "./float-rows.ts";

/** The two halves of a blur: across a row, and down a window of rows. */
export type SpreadRows = {
  /** Rows above and below that a row needs. */
  readonly reach: number;
  /** Bytes of a row of the window. */
  readonly rowBytes: number;
  /** Returns the place in the window for the next row. */
  place(): Row;
  /** Writes a row of floats, spread across, to a place. */
  across(row: Row, place: Row): void;
  /**
   * Takes the row at the last place and writes the floats of the row that lies `reach` rows above it. Any floats if less than 2 reach + 1 rows
   * are there.
   */
  moveDown(to: Row): void;
};

type Make<O> = (space: KernelSpace, kernels: DetailKernels, rows: FloatRows, options: O) => SpreadRows;

/** Sums of weighted pixels, across and down. */
export const createTaps: Make<readonly number[]> = (space, kernels, { widthPx, channels }, weights) => {
  const reach = weights.length - 1;
  const samples = widthPx * channels;
  const padded = allocateRow(space, (widthPx + 2 * reach) * channels);
  const floats = space.constant(Float32Array.from(weights));
  const window = createRowWindow(space, samples, 2 * reach + 1);
  const taps = space.allocate(weights.length * 12);
  return {
    reach,
    rowBytes: samples * 4,
    place: window.next,
    across(row, place) {
      kernels.padRow(row, channels, widthPx, reach, 0, padded);
      kernels.tapsAcross(padded, channels, widthPx, reach, floats, place);
    },
    moveDown(to) {
      const table = new DataView(space.bytes(taps, 0).buffer, taps, weights.length * 12);
      weights.forEach((weight, at) => {
        table.setUint32(at * 12, window.row(reach - at), true);
        table.setUint32(at * 12 + 4, window.row(reach + at), true);
        // The row itself is added to itself.
        table.setFloat32(at * 12 + 8, at === 0 ? weight / 2 : weight, true);
      });
      kernels.tapsDown(taps, weights.length, samples, to);
    },
  };
};

// Integers of 23 bits: the sum of 511 of them has no more than 32 bits.
const fixedScale = 2 ** 22;

/** Means of boxes, again and again, as running sums of integers, which never drift. */
export const createBoxes: Make<Extract<BlurShape, { kind: "boxes" }>> = (
  space,
  kernels,
  { widthPx, channels },
  { passes, whole, share },
) => {
  const step = whole + 1;
  const reach = passes * step;
  const samples = widthPx * channels;
  const longRow = () => allocateRow(space, (widthPx + 2 * reach) * channels);
  const [padded, between] = [longRow(), longRow()];
  const columns = Array.from({ length: passes }, () => ({
    window: createRowWindow(space, samples, 2 * step + 1),
    sums: allocateRow(space, samples),
  }));
  const last = allocateRow(space, samples);
  const [first] = columns as [(typeof columns)[0], ...typeof columns];
  return {
    reach,
    rowBytes: samples * 4,
    place: first.window.next,
    across(row, place) {
      kernels.padRow(row, channels, widthPx, reach, fixedScale, padded);
      let from = padded;
      for (let pass = 1; pass <= passes; pass++) {
        const to = pass === passes ? place : from === padded ? between : padded;
        kernels.boxAcross(from, channels, widthPx + 2 * (reach - pass * step), whole, share, to);
        from = to;
      }
    },
    moveDown(to) {
      columns.forEach(({ window, sums }, index) => {
        const out = columns[index + 1]?.window.next() ?? last;
        kernels.boxDown(sums, window.row(2 * step), window.row(1), window.row(0), samples, whole, share, out);
      });
      kernels.toFloats(last, samples, 1 / fixedScale, to);
    },
  };
};

/** Sums over the chords of a disc. Each chord is a difference of sums across its row. */
export const createDisc: Make<Extract<BlurShape, { kind: "disc" }>> = (
  space,
  kernels,
  { widthPx, channels },
  { reach, halves },
) => {
  const area = halves.reduce((sum, half) => sum + 2 * half, 0);
  const chords = halves.map(toChord);
  const margin = Math.max(...chords.map(({ whole }) => whole)) + 1;
  const longPx = widthPx + 2 * margin;
  const padded = allocateRow(space, longPx * channels);
  const sumSamples = (longPx + 1) * channels;
  const window = createRowWindow(space, sumSamples, 2 * reach + 1);
  const table = space.allocate(chords.length * 16);
  return {
    reach,
    rowBytes: sumSamples * 4,
    place: window.next,
    across(row, place) {
      kernels.padRow(row, channels, widthPx, margin, fixedScale, padded);
      kernels.sumAcross(padded, channels, longPx, place);
    },
    moveDown(to) {
      const view = new DataView(space.bytes(table, 0).buffer, table, chords.length * 16);
      chords.forEach(({ whole, inner, outer }, index) => {
        const sums = window.row(2 * reach - index);
        view.setUint32(index * 16, sums + (margin - whole) * channels * 4, true);
        view.setUint32(index * 16 + 4, sums + (margin + whole + 1) * channels * 4, true);
        view.setFloat32(index * 16 + 8, inner / (fixedScale * area), true);
        view.setFloat32(index * 16 + 12, outer / (fixedScale * area), true);
      });
      kernels.chordsDown(table, chords.length, channels, widthPx, to);
    },
  };
};

/** The weights of 2 whole + 1 pixels and of two more: a chord with fractions of a pixel at its ends. */
type Chord = { readonly whole: number; readonly inner: number; readonly outer: number };

function toChord(half: number): Chord {
  if (half < 0.5) return { whole: 0, inner: 2 * half, outer: 0 };
  const whole = Math.floor(half - 0.5);
  const share = half - 0.5 - whole;
  return { whole, inner: 1 - share, outer: share };
}
