import { AppError } from "@pixelmesh/errors";

/** Rows by their index, the latest ones only, in memory that is used again. */
export type RowRing = {
  /** Begins the row at `index`, of zeros, in place of the one as many before it as the ring has rows. */
  start(index: number): Float32Array;
  /** The row; made where it is asked for the first time. Throws INTERNAL where it was neither started nor can be made. */
  at(index: number): Float32Array;
  /** The row, or undefined where its maker has said that it is 0 throughout. */
  unlessZero(index: number): Float32Array | undefined;
};

/** Gives memory for one row of so many samples, of any content. */
export type NewRow = (samples: number) => Float32Array;

const blockBytes = 2 ** 20;

/** Rows side by side in large blocks: one by one they would be thousands of allocations that the collector has to see to. */
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

/** A ring of `size` rows. `make` fills a row of zeros, and answers whether it has changed any; it may ask other rings. */
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
