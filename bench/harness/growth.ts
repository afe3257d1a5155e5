/** A straight line through points: how steep it is, and how far that is to be trusted. */
export type Slope = {
  /** Change of y for one x. */
  readonly value: number;
  /** Standard error of `value`, from what the points are off the line. */
  readonly standardError: number;
};

/**
 * The least-squares line through points (ordinary formulas, residuals with n − 2 degrees of freedom). Neighbouring samples of one
 * process are alike, which would make the error look small: give means of blocks, not every sample. Throws RangeError
 * below three points or where all x are the same.
 */
export function fitSlope(points: readonly (readonly [x: number, y: number])[]): Slope {
  const count = points.length;
  if (count < 3) throw new RangeError(`Expected at least 3 points, got ${count}`);
  const meanX = points.reduce((sum, [x]) => sum + x, 0) / count;
  const meanY = points.reduce((sum, [, y]) => sum + y, 0) / count;
  const squares = points.reduce((sum, [x]) => sum + (x - meanX) ** 2, 0);
  if (squares === 0) throw new RangeError("Expected points with more than one x");
  const value = points.reduce((sum, [x, y]) => sum + (x - meanX) * (y - meanY), 0) / squares;
  const residues = points.reduce((sum, [x, y]) => sum + (y - meanY - value * (x - meanX)) ** 2, 0);
  return { value, standardError: Math.sqrt(residues / (count - 2) / squares) };
}

/** Means of `count` blocks of as equal size as can be, in order. */
export function toBlocks(
  points: readonly (readonly [x: number, y: number])[],
  count: number,
): readonly (readonly [x: number, y: number])[] {
  return Array.from({ length: Math.min(count, points.length) }, (_, at, blocks = Math.min(count, points.length)) => {
    const block = points.slice(
      Math.floor((at * points.length) / blocks),
      Math.floor(((at + 1) * points.length) / blocks),
    );
    const meanOf = (axis: 0 | 1) => block.reduce((sum, point) => sum + point[axis], 0) / block.length;
    return [meanOf(0), meanOf(1)] as const;
  });
}

/**
 * Whether something grows: by more than `bound`, and by so much more than nothing that chance does not explain it (three
 * standard errors).
 */
export function isGrowing({ value, standardError }: Slope, bound: number): boolean {
  return value > bound && value > 3 * standardError;
}
