import { waitFor } from "./wait-for.ts";

/** Work that is done one piece at a time, in the order of the calls. */
export type Turns = {
  /** Runs `work` after all earlier work. Rejects with the signal's reason; work that has begun still finishes. */
  readonly run: <T>(work: () => Promise<T>, signal: AbortSignal | undefined) => Promise<T>;
  /** Resolves when all work so far has finished. */
  readonly idle: () => Promise<unknown>;
  /** Pieces of work that are waiting or running. */
  readonly waiting: number;
};

/** Creates turns without any work. */
export function createTurns(): Turns {
  let last: Promise<unknown> = Promise.resolve();
  let waiting = 0;
  return {
    run(work, signal) {
      waiting++;
      const mine = last.then(() => {
        signal?.throwIfAborted();
        return work();
      });
      last = mine.catch(() => {}).finally(() => waiting--);
      return waitFor(mine, signal);
    },
    idle: () => last,
    get waiting() {
      return waiting;
    },
  };
}
