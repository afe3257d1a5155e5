/** How old messages are, by a clock of this process alone. */
export type MessageAges = {
  /** Age in milliseconds of a message that the broker stored at `storedUnixMs` of its own clock. Never negative. */
  of(storedUnixMs: number): number;
};

const windowMs = 300_000;

/**
 * Tells how long messages lay at the broker although its clock and ours may differ by any amount. A message cannot be younger than
 * 0, so the greatest difference between the broker's time and ours that was seen in the last 5 to 10 minutes is that of the
 * freshest message; ages are counted from there. The estimate errs to too young, by the age of that message: its first is 0. `nowMs`
 * is monotonic.
 */
export function createMessageAges(nowMs: () => number = () => performance.now()): MessageAges {
  let beganMs = nowMs();
  let greatest = Number.NEGATIVE_INFINITY;
  let greatestBefore = Number.NEGATIVE_INFINITY;
  return {
    of(storedUnixMs) {
      const atMs = nowMs();
      const windows = Math.floor((atMs - beganMs) / windowMs);
      if (windows > 0) {
        greatestBefore = windows === 1 ? greatest : Number.NEGATIVE_INFINITY;
        greatest = Number.NEGATIVE_INFINITY;
        beganMs += windows * windowMs;
      }
      const difference = storedUnixMs - atMs;
      greatest = Math.max(greatest, difference);
      return Math.max(greatest, greatestBefore) - difference;
    },
  };
}
