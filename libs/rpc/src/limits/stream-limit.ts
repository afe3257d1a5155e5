import { AppError } from "@pixelmesh/errors";

const retryAfterMs = 5_000;

/** Limits the open streams of one kind in this process. */
export type StreamLimit = {
  /** Yields the responses of `open`. Throws QUEUE_FULL with RetryInfo if the limit is reached. */
  run<T>(open: () => AsyncIterable<T>): AsyncGenerator<T, void, undefined>;
};

/** Creates a limit of `maxStreams`; `name` is their name in the error text. */
export function createStreamLimit(maxStreams: number, name: string): StreamLimit {
  let count = 0;
  return {
    async *run(open) {
      if (count >= maxStreams)
        throw new AppError("QUEUE_FULL", `Expected at most ${maxStreams} ${name} at once, got one more`, {
          retryAfterMs,
        });
      count += 1;
      try {
        yield* open();
      } finally {
        count -= 1;
      }
    },
  };
}
