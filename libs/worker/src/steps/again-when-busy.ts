import { setTimeout as sleep } from "node:timers/promises";
import { AppError } from "@pixelmesh/errors";

/** The scheduler learns within this time that a provider is closed, and then keeps the step waiting for its slot. */
const maxPauseMs = 1_000;
const minPauseMs = 100;

/**
 * Runs a step again, with another slot and its pictures loaded anew, for as long as its provider is busy. It has given its slot back, and this is no further
 * attempt. Ends with the signal, at the latest at the job's deadline: then it throws the signal's reason.
 */
export async function againWhenBusy<T>(signal: AbortSignal, run: () => Promise<T>): Promise<T> {
  for (;;) {
    try {
      return await run();
    } catch (error) {
      if (!(error instanceof AppError) || error.reason !== "PROVIDER_BUSY") throw error;
      signal.throwIfAborted();
      const pauseMs = Math.min(maxPauseMs, Math.max(minPauseMs, error.retryAfterMs ?? 0));
      await sleep(pauseMs, undefined, { signal }).catch(() => {});
      signal.throwIfAborted();
    }
  }
}
