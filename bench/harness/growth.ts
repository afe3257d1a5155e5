/** One sample. */
export type Point = readonly [x: number, y: number];

/** Divides points into `count` blocks of nearly equal size. Returns the mean of each block, in order. */
export function toBlocks(points: readonly Point[], count: number): readonly Point[] {
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
 * Returns the rise of the peaks after warm-up: the highest mean of eight blocks in the last third of 0 to `end`, minus that in the
 * second third; `undefined` without 8 points in each third. Collected memory is a sawtooth. A fitted line depends on the phase of its
 * teeth, but its peaks rise only if memory is retained.
 */
export function peakRise(points: readonly Point[], end: number): number | undefined {
  const third = end / 3;
  const peakOf = (part: number) => {
    const inside = points.filter(([x]) => x >= part * third && x < (part + 1) * third);
    return inside.length < 8 ? undefined : Math.max(...toBlocks(inside, 8).map(([, y]) => y));
  };
  const [before, after] = [peakOf(1), peakOf(2)];
  return before === undefined || after === undefined ? undefined : after - before;
}
