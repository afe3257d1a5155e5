import { AppError } from "@pixelmesh/errors";

/** The latest rows, by index, in reused memory. */
export type RowRing = {
  /** Begins the row at `index` with zeros. It replaces the row that is the ring's size before it. */
  start(index: number): Float32Array;
  /** Returns the row, which is computed on first use. Throws INTERNAL if it was neither started nor can be computed. */
  at(index: number): Float32Array;
  /** Returns the row, or undefined if `make` reported that it is 0 throughout. */
  unlessZero(index: number): Float32Array | undefined;
};

/** Returns memory for one row of so many samples, with any content. */
export type NewRow = (samples: number) => Float32Array;

const blockBytes = 2 ** 20;

/** Allocates rows in large blocks. Single rows would be thousands of allocations for the garbage collector. */
export function createRowMemory(newMemory: (bytes: number) => Uint8Array): NewRow {
  let block: Uint8Array = new Uint8Array(0);
  let used = 0;
  return (samples) => {
    const bytes = samples * Float32Array.BYTES_PER_ELEMENT;
    if (used + bytes > block.length) {
      block = newMemory(Math.max(bytes, blockBytes));
      used = 0;
    }
    const row = new Float32Array(block.buffer, block.byteOffset + used, samples);
    used += bytes;
    return row;
  };
}

/**
 * Creates a ring of `size` rows. `make` fills a row of zeros and returns whether it changed any sample. It may read other rings.
 */
export function createRowRing(
  { size, samples, newRow }: { readonly size: number; readonly samples: number; readonly newRow: NewRow },
  make?: (index: number, row: Float32Array) => boolean,
): RowRing {
  const rows: Float32Array[] = [];
  const indices = new Float64Array(size).fill(-1);
  const zeros = new Uint8Array(size);
  function start(index: number): Float32Array {
    const slot = index % size;
    const row = rows[slot] ?? newRow(samples);
    rows[slot] = row.fill(0);
    indices[slot] = index;
    return row;
  }
  function at(index: number): Float32Array {
    const kept = rows[index % size];
    if (kept && indices[index % size] === index) return kept;
    if (!make) throw new AppError("INTERNAL", `Expected row ${index} to be among the last ${size} rows`);
    const row = start(index);
    zeros[index % size] = make(index, row) ? 0 : 1;
    return row;
  }
  return {
    start,
    at,
    unlessZero(index) {
      const row = at(index);
      return zeros[index % size] === 1 ? undefined : row;
    },
  };
}
