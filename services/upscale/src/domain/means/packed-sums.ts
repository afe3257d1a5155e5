const lanes = 0x00ff00ff;

/** Sums of rows, sample by sample, computed four at a time. */
export type PackedSums = {
  /** Adds a row. At most 256 rows fit. */
  add(row: Uint8Array): void;
  /** Writes the sums and begins again from zero. */
  take(out: Uint16Array): void;
};

/** Sums in lanes of 16 bits: even samples in one array, odd ones in the other. */
export function createPackedSums(samples: number): PackedSums {
  const words = Math.ceil(samples / 4);
  const even = new Uint32Array(words);
  const odd = new Uint32Array(words);
  const aligned = new Uint8Array(words * 4);
  const padded = new Uint32Array(aligned.buffer);
  return {
    add(row) {
      // A view of words has to begin, and to end, at a multiple of four.
      const isWhole = row.byteOffset % 4 === 0 && samples % 4 === 0;
      if (!isWhole) aligned.set(row);
      const packed = isWhole ? new Uint32Array(row.buffer, row.byteOffset, words) : padded;
      for (let i = 0; i < words; i++) {
        const word = packed[i] as number;
        even[i] = (even[i] as number) + (word & lanes);
        odd[i] = (odd[i] as number) + ((word >>> 8) & lanes);
      }
    },
    take(out) {
      for (let i = 0, at = 0; i < words; i++, at += 4) {
        const [first, second] = [even[i] as number, odd[i] as number];
        out[at] = first & 0xffff;
        out[at + 1] = second & 0xffff;
        out[at + 2] = first >>> 16;
        out[at + 3] = second >>> 16;
      }
      even.fill(0);
      odd.fill(0);
    },
  };
}
