/** Where the indices of a longer side lie on a shorter one. */
export type Shares = {
  /** For each index of the longer side: the first index of the shorter side that it lies in. */
  readonly first: Int32Array;
  /** Its share there. The rest belongs to the next index. */
  readonly share: Float64Array;
};

/** Lays `long` indices evenly over `short` ones. */
export function createShares(long: number, short: number): Shares {
  const first = new Int32Array(long);
  const share = new Float64Array(long);
  for (let at = 0; at < long; at++) {
    // In units of 1 / long, so that rounding misses no border.
    const cell = Math.floor((at * short) / long);
    first[at] = cell;
    share[at] = cell === short - 1 ? 1 : Math.min(1, ((cell + 1) * long - at * short) / short);
  }
  return { first, share };
}
