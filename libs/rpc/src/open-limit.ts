import { AppError } from "@pixelmesh/errors";

const retryAfterMs = 5_000;

/** A bound on streams of one kind that are open at once in this process. */
export type OpenLimit = {
  /** The responses of `open`. QUEUE_FULL with RetryInfo where as many are open as may be. */
  run<T>(open: () => AsyncIterable<T>): AsyncGenerator<T, void, undefined>;
};

/** At most `most` of `name` at once. */
export function createOpenLimit(most: number, name: string): OpenLimit {
  let count = 0;
  return {
    async *run(open) {
      if (count >= most)
        throw new AppError("QUEUE_FULL", `Expected at most ${most} ${name} at once, got one more`, { retryAfterMs });
      count += 1;
      try {
        yield* open();
      } finally {
        count -= 1;
      }
    },
  };
}
