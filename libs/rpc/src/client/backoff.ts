import { setTimeout as sleep } from "node:timers/promises";
import { AppError, clientRetriesOf } from "@pixelmesh/errors";

/** The waits between the tries of an idempotent call. */
export type Backoff = {
  /** Starts again with the shortest wait, after the call made progress. */
  reset(): void;
  /**
   * Waits before the next try. Rethrows `error` if a retry cannot help or the time for retries is over. Without an error it waits too.
   * Throws the signal's reason if that is aborted.
   */
  wait(error: unknown, signal: AbortSignal | undefined): Promise<void>;
};

const firstWaitMs = 100;
const maxWaitMs = 2_000;

/** Whether a retry may help: the mesh does not answer, or it is full and names a time. */
export function isRetriedByClients(error: unknown): boolean {
  if (!(error instanceof AppError)) return false;
  const retries = clientRetriesOf(error.reason);
  return retries === "always" || (retries === "after_retry_info" && error.retryAfterMs !== undefined);
}

/**
 * Creates a backoff that ends `retryTimeoutMs` after the last success. Waits double from 100 ms to 2 s, and are at least as long
 * as RetryInfo asks for.
 */
export function createBackoff(retryTimeoutMs: number): Backoff {
  let sinceMs = performance.now();
  let waitMs = firstWaitMs;
  return {
    reset() {
      sinceMs = performance.now();
      waitMs = firstWaitMs;
    },
    async wait(error, signal) {
      if (error !== undefined && !isRetriedByClients(error)) throw error;
      const thisWaitMs = Math.max(waitMs, error instanceof AppError ? (error.retryAfterMs ?? 0) : 0);
      const leftMs = sinceMs + retryTimeoutMs - performance.now();
      if (thisWaitMs > leftMs) {
        throw error ?? new AppError("SERVICE_UNAVAILABLE", "The mesh ended the call repeatedly before it was done");
      }
      // Jitter, so that the clients of a restarted replica do not return all at once.
      await sleep(thisWaitMs * (0.75 + Math.random() * 0.5), undefined, signal ? { signal } : {});
      waitMs = Math.min(waitMs * 2, maxWaitMs);
    },
  };
}
