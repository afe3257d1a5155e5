import type { KernelSpace } from "../../kernels/kernel-space.ts";
import { createInterpolation, toPlaces } from "./interpolation.ts";
import { createRowRing } from "./row-ring.ts";

/** Sides of a picture. */
type Size = { readonly widthPx: number; readonly heightPx: number };

/** The changes of an enlargement, by rows. */
export type Change = {
  /** Returns the last row of the source that a row of the enlargement depends on. */
  lastRow(y: number): number;
  /** Changes a row of the enlargement, which begins at index `at` of `rows`, in place. Rows are changed top-down. */
  apply(y: number, rows: Uint8Array, at: number): void;
};

/** Shares of a row have so many bits behind the point, and are less than 1. */
const shareUnits = 2 ** 15;

/**
 * Creates the changes of an enlargement by those of its source's pixels, which `read` returns as `Gains.read` does, interpolated between pixel
 * centres. Results are within one level of the exact ones: factors and offsets are rounded to 16 bits, with a total error below 0.02 levels.
 */
export function createChange(
  space: KernelSpace,
  large: Size,
  small: Size,
  channels: number,
  read: (y: number, factors: number, offsets: number) => boolean,
): Change {
  const { kernels } = space;
  const { widthPx } = large;
  const samples = widthPx * channels;
  const down = createInterpolation(large.heightPx, small.heightPx);
  const across = toPlaces(space, createInterpolation(widthPx, small.widthPx), small.widthPx);
  // A row of factors, one of offsets, each with zeros behind it, and marks.
  const toOffsets = Math.ceil((samples * Int16Array.BYTES_PER_ELEMENT + 32) / 16) * 16;
  const toMarks = 2 * toOffsets;
  const rowBytes = toMarks + Math.ceil(samples / 16) + 1;
  const zeros = space.constant(new Uint8Array(rowBytes));
  const narrowBytes = small.widthPx * channels * Float32Array.BYTES_PER_ELEMENT;
  const [factors, offsets] = [space.allocate(narrowBytes), space.allocate(narrowBytes)];
  const copy = space.allocate(samples);
  const changes = createRowRing(space, { size: 3, rowBytes, zeros }, (y, row) => {
    if (!read(y, factors, offsets)) return false;
    space.clear(row, rowBytes);
    const { begins, shares } = across;
    kernels.widen(factors, offsets, channels, small.widthPx, begins, shares, row, row + toOffsets, row + toMarks);
    return true;
  });
  return {
    lastRow: (y) => down.to[y] as number,
    apply(y, rows, at) {
      const [above, below] = [down.from[y] as number, down.to[y] as number];
      if (changes.unlessZero(above) === undefined && changes.unlessZero(below) === undefined) return;
      const share = Math.min(shareUnits - 1, Math.round((down.share[y] as number) * shareUnits));
      const [upper, lower] = [changes.at(above), changes.at(below)];
      space.write(copy, rows.subarray(at, at + samples));
      kernels.change(copy, samples, upper, lower, toOffsets, toMarks, share);
      rows.set(space.bytes(copy, samples), at);
    },
  };
}
