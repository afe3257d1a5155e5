const firstMs = 250;
const longestMs = 10_000;

/** The wait before the nth restart in a row (1 is the first): 250 ms, doubling, at most 10 s. */
export function restartDelayMs(restart: number): number {
  return Math.min(longestMs, firstMs * 2 ** Math.min(restart - 1, 30));
}
