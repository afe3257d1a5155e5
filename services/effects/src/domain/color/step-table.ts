const intervals = 8_192;

/** A function from 0 to 1 to bytes that never falls, for the kernel `steps`. */
export type StepTable = {
  /** The byte at (i - ½) / 8192, for each i from 0 to 8192: the lower end of the interval whose nearest 8192nd is i. */
  readonly starts: Uint8Array;
  /** The least argument of each byte or a higher one; infinite where the function does not reach it. One entry more, infinite. */
  readonly bounds: Float64Array;
};

/** Tabulates such a function exactly: each bound is found to the last bit. Undefined for one that rises by more than 1 within an interval. */
export function createStepTable(byteAt: (value: number) => number): StepTable | undefined {
  const ends = Float64Array.from({ length: intervals + 2 }, (_, i) => Math.min(1, Math.max(0, (i - 0.5) / intervals)));
  const bytes = Uint8Array.from(ends, byteAt);
  const bounds = new Float64Array(257).fill(Number.POSITIVE_INFINITY);
  bounds.fill(0, 0, (bytes[0] as number) + 1);
  for (let i = 1; i < ends.length; i++) {
    const [before, byte] = [bytes[i - 1] as number, bytes[i] as number];
    if (byte - before > 1) return undefined;
    if (byte > before)
      bounds[byte] = leastWith((value) => byteAt(value) >= byte, ends[i - 1] as number, ends[i] as number);
  }
  return { starts: bytes.subarray(0, intervals + 1), bounds };
}

// The bound lies above `low` and is at most `high`.
function leastWith(holds: (value: number) => boolean, low: number, high: number): number {
  for (;;) {
    const middle = low + (high - low) / 2;
    if (middle === low || middle === high) return high;
    if (holds(middle)) high = middle;
    else low = middle;
  }
}
