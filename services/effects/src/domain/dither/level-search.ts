const buckets = 512;

/** Tables for the search of the nearest level: half-way, the upper one. */
export type LevelSearch = {
  /** The bound between each level and the next, the last infinite. */
  readonly middles: Float64Array;
  /** The nearest level of i / 512, for each i from 0 to 512, so that few steps remain. */
  readonly starts: Uint8Array;
};

/** Creates the tables for ascending levels from 0 to 1. */
export function createLevelSearch(levels: Float64Array): LevelSearch {
  const last = levels.length - 1;
  const middles = levels.map((level, i) =>
    i < last ? (level + (levels[i + 1] as number)) / 2 : Number.POSITIVE_INFINITY,
  );
  const starts = new Uint8Array(buckets + 1);
  for (let bucket = 1, index = 0; bucket <= buckets; bucket++) {
    while (bucket / buckets >= (middles[index] as number)) index++;
    starts[bucket] = index;
  }
  return { middles, starts };
}
