export type Point = readonly [x: number, y: number];

/** Means of `count` blocks of as equal size as can be, in order. */
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
 * How much the peaks of something rise once it has warmed up: the highest mean of eight blocks of the last third of 0 to `end`
 * less that of the second. Memory that collectors give back in steps is a saw: a line through it
 * tells where its teeth happen to be, while its peaks rise only where something is kept. Undefined without 8 points in each third.
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
