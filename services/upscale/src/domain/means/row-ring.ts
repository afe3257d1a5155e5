import { AppError } from "@pixelmesh/errors";
import type { KernelSpace } from "../../kernels/kernel-space.ts";

/** The latest rows, by index, in reused memory of a space. Rows are given by their addresses. */
export type RowRing = {
  /** Begins the row at `index`, with any content. It replaces the row that is the ring's size before it. */
  start(index: number): number;
  /** Returns the row, which is computed on first use. Throws INTERNAL if it was neither started nor can be computed. */
  at(index: number): number;
  /** Returns the row, or undefined if `make` reported that it is 0 throughout. */
  unlessZero(index: number): number | undefined;
};

/** The size of a ring and of its rows, and a row of zeros. */
export type RingShape = { readonly size: number; readonly rowBytes: number; readonly zeros: number };

/** Writes all of a row, or returns false if the row is 0 throughout. It may read other rings. */
export type MakeRow = (index: number, row: number) => boolean;

/** Creates a ring of rows. */
export function createRowRing(space: KernelSpace, { size, rowBytes, zeros }: RingShape, make?: MakeRow): RowRing {
  const rows: number[] = [];
  const indices = new Float64Array(size).fill(-1);
  const isZero = new Uint8Array(size);
  function start(index: number): number {
    const slot = index % size;
    const row = rows[slot] ?? space.allocate(rowBytes);
    rows[slot] = row;
    indices[slot] = index;
    isZero[slot] = 0;
    return row;
  }
  function unlessZero(index: number): number | undefined {
    const slot = index % size;
    if (indices[slot] !== index) {
      if (!make) throw new AppError("INTERNAL", `Expected row ${index} to be among the last ${size} rows`);
      isZero[slot] = make(index, start(index)) ? 0 : 1;
    }
    return isZero[slot] === 1 ? undefined : rows[slot];
  }
  return { start, unlessZero, at: (index) => unlessZero(index) ?? zeros };
}
