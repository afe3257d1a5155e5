const lanes = 0x00ff00ff;

/** Sums of rows, sample by sample, computed four at a time. */
export type PackedSums = {
  /** Adds one or more whole rows. At most 256 rows fit. */
  add(rows: Uint8Array): void;
  /** Writes the sums and resets them to zero. */
  take(out: Uint16Array): void;
};

/** Creates sums in lanes of 16 bits: even samples in one array, odd ones in the other. */
export function createPackedSums(samples: number): PackedSums {
  const words = Math.ceil(samples / 4);
  const even = new Int32Array(words);
  const odd = new Int32Array(words);
  const aligned = new Uint8Array(words * 4);
  const padded = new Int32Array(aligned.buffer);

  return {
    add(rows) {
      // A view of words must begin at a multiple of four, and so must each row.
      if (rows.byteOffset % 4 !== 0 || samples % 4 !== 0) {
        for (let from = 0; from < rows.length; from += samples) {
          aligned.set(rows.subarray(from, from + samples));
          addRow(even, odd, padded, 0);
        }
        return;
      }
      const packed = new Int32Array(rows.buffer, rows.byteOffset, rows.length / 4);
      let from = 0;
      for (; from + 2 * words <= packed.length; from += 2 * words) addTwoRows(even, odd, packed, from);
      if (from < packed.length) addRow(even, odd, packed, from);
    },
    take(out) {
      unpack(even, odd, out);
      even.fill(0);
      odd.fill(0);
    },
  };
}

function addRow(even: Int32Array, odd: Int32Array, rows: Int32Array, from: number): void {
  for (let i = 0, at = from; i < even.length; i++, at++) {
    const word = rows[at] as number;
    even[i] = (even[i] as number) + (word & lanes);
    odd[i] = (odd[i] as number) + ((word >>> 8) & lanes);
  }
}

/** Adds two rows at once, which loads and stores each sum half as often. */
function addTwoRows(even: Int32Array, odd: Int32Array, rows: Int32Array, from: number): void {
  const words = even.length;
  for (let i = 0, at = from; i < words; i++, at++) {
    const one = rows[at] as number;
    const two = rows[at + words] as number;
    even[i] = (even[i] as number) + ((one & lanes) + (two & lanes));
    odd[i] = (odd[i] as number) + (((one >>> 8) & lanes) + ((two >>> 8) & lanes));
  }
}

function unpack(even: Int32Array, odd: Int32Array, out: Uint16Array): void {
  for (let i = 0, at = 0; i < even.length; i++, at += 4) {
    const [first, second] = [even[i] as number, odd[i] as number];
    out[at] = first & 0xffff;
    out[at + 1] = second & 0xffff;
    out[at + 2] = first >>> 16;
    out[at + 3] = second >>> 16;
  }
}
