const cellSteps = 64;

/** A halftone screen for the kernel `print`. */
export type HalftoneScreen = {
  /** The rank of each of 64 × 64 places of a cell: the share of ink, 0 to 1, at which the growing dot reaches it. */
  readonly ranks: Float32Array;
  /** Steps in a cell for each pixel to the right and down. */
  readonly right: number;
  readonly down: number;
};

let made: Float32Array | undefined;

/**
 * Creates a halftone screen of round dots, `periodPx` apart on a grid turned by `angleDegrees`. The spot function is (cos 2πu +
 * cos 2πv) / 2, PostScript's cosine dot. Its values are replaced by their ranks, so that the share of a cell below a value is
 * exactly that value and tones are kept.
 */
export function createHalftoneScreen(periodPx: number, angleDegrees: number): HalftoneScreen {
  const angle = (angleDegrees * Math.PI) / 180;
  made ??= cellRanks();
  return {
    ranks: made,
    right: (Math.cos(angle) * cellSteps) / periodPx,
    down: (Math.sin(angle) * cellSteps) / periodPx,
  };
}

function cellRanks(): Float32Array {
  const spot = Float64Array.from({ length: cellSteps * cellSteps }, (_, i) => {
    const [u, v] = [(i % cellSteps) + 0.5, Math.floor(i / cellSteps) + 0.5];
    return Math.cos((2 * Math.PI * u) / cellSteps) + Math.cos((2 * Math.PI * v) / cellSteps);
  });
  // The highest spot values take ink first: dots grow from the cell's corner, where both cosines are 1.
  const order = Array.from(spot.keys()).sort((a, b) => (spot[b] as number) - (spot[a] as number) || a - b);
  const ranks = new Float32Array(spot.length);
  order.forEach((at, rank) => {
    ranks[at] = (rank + 0.5) / order.length;
  });
  return ranks;
}
