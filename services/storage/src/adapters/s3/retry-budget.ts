/** Retries that all calls together may make: a token bucket, as of gRPC's retry throttling (gRFC A6). */
export type RetryBudget = {
  /** Takes a retry. Returns whether there was one. */
  take(): boolean;
  /** A request succeeded: adds a tenth of a retry. */
  succeeded(): void;
  left(): number;
};

/** Part of a retry that each success adds. */
const gain = 0.1;

/** Creates a full budget of `retries`. It never holds more. */
export function createRetryBudget(retries: number): RetryBudget {
  let tokens = retries;
  return {
    take() {
      if (tokens < 1) return false;
      tokens -= 1;
      return true;
    },
    succeeded() {
      tokens = Math.min(retries, tokens + gain);
    },
    left: () => tokens,
  };
}

/** Returns the wait before the n-th retry (from 1), in milliseconds: doubled each time, at most 5 s, evenly spread over its upper half. */
export function toBackoffMs(retry: number, random: () => number = Math.random): number {
  const wholeMs = Math.min(5_000, 100 * 2 ** Math.min(retry, 10));
  return Math.round(wholeMs * (0.5 + random() / 2));
}
