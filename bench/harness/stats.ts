/** Returns the median of values. */
export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1
    ? (sorted[middle] as number)
    : ((sorted[middle - 1] as number) + (sorted[middle] as number)) / 2;
}

/** Returns minimum, median and maximum, rounded to `digits`. */
export function spread(values: readonly number[], digits = 0): { min: number; median: number; max: number } {
  const round = (value: number) => Number(value.toFixed(digits));
  return { min: round(Math.min(...values)), median: round(median(values)), max: round(Math.max(...values)) };
}

/** Returns a percentile by nearest rank; 0 if there are no values. */
export function percentile(values: readonly number[], percent: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.max(0, Math.ceil((percent * sorted.length) / 100) - 1)] ?? 0;
}
