/** Computes the age of messages without comparing the broker's clock with ours. */
export type MessageAges = {
  /** Returns the age in milliseconds of a message stored at `storedUnixMs` of the broker's clock. Never negative. */
  of(storedUnixMs: number): number;
};

const windowMs = 300_000;

/**
 * Estimates message ages for clocks that differ by any amount. Each message gives one difference: its storage time minus our time now.
 * The greatest difference of the last 5 to 10 minutes belongs to the freshest message, which is given age 0; other ages are relative
 * to it. The estimate is too low by the true age of that message; the first estimate is always 0. `nowMs` must be monotonic.
 */
export function createMessageAges(nowMs: () => number = () => performance.now()): MessageAges {
  let windowStartMs = nowMs();
  let greatest = Number.NEGATIVE_INFINITY;
  let greatestBefore = Number.NEGATIVE_INFINITY;
  return {
    of(storedUnixMs) {
      const atMs = nowMs();
      const windows = Math.floor((atMs - windowStartMs) / windowMs);
      if (windows > 0) {
        greatestBefore = windows === 1 ? greatest : Number.NEGATIVE_INFINITY;
        greatest = Number.NEGATIVE_INFINITY;
        windowStartMs += windows * windowMs;
      }
      const difference = storedUnixMs - atMs;
      greatest = Math.max(greatest, difference);
      return Math.max(greatest, greatestBefore) - difference;
    },
  };
}
