import { setTimeout as sleep } from "node:timers/promises";
import { AppError, type Reason } from "@pixelmesh/errors";

/** How long, and how often, a call that is safe to repeat is repeated. */
export type Patience = {
  /** The call got somewhere: start counting anew. */
  reset(): void;
  /**
   * Waits before the next try. Rethrows `error` where trying again cannot help or has been tried for long enough; without
   * an error, waits all the same. Throws the signal's reason when that is aborted.
   */
  wait(error: unknown, signal: AbortSignal | undefined): Promise<void>;
};

const firstWaitMs = 100;
const longestWaitMs = 2_000;

const unavailable: ReadonlySet<Reason> = new Set<Reason>([
  "SERVICE_UNAVAILABLE",
  "BROKER_UNAVAILABLE",
  "STORAGE_UNAVAILABLE",
  "STOPPING",
]);

/** The mesh is full for the moment. */
const full: ReadonlySet<Reason> = new Set<Reason>(["TOO_MANY_JOBS", "QUEUE_FULL", "STORAGE_FULL"]);

/** Whether a repeat may help: nobody answers, or the mesh is full and says when to come back. */
export function isWorthRepeating(error: unknown): boolean {
  if (!(error instanceof AppError)) return false;
  return unavailable.has(error.reason) || (full.has(error.reason) && error.retryAfterMs !== undefined);
}

/** Patience of `patienceMs` since the last success; waits double from 100 ms to 2 s, or are as long as the mesh asks for. */
export function createPatience(patienceMs: number): Patience {
  let sinceMs = performance.now();
  let waitMs = firstWaitMs;
  return {
    reset() {
      sinceMs = performance.now();
      waitMs = firstWaitMs;
    },
    async wait(error, signal) {
      if (error !== undefined && !isWorthRepeating(error)) throw error;
      const thisWaitMs = Math.max(waitMs, error instanceof AppError ? (error.retryAfterMs ?? 0) : 0);
      const leftMs = sinceMs + patienceMs - performance.now();
      if (thisWaitMs > leftMs) {
        throw error ?? new AppError("SERVICE_UNAVAILABLE", "The mesh kept ending the call before it was done");
      }
      // Spread, so that the clients of a restarted replica do not come back all at once.
      await sleep(thisWaitMs * (0.75 + Math.random() * 0.5), undefined, { signal });
      waitMs = Math.min(waitMs * 2, longestWaitMs);
    },
  };
}

/** Repeats `call` with that patience until it succeeds or fails for another reason. `call` must be safe to repeat. */
export async function callPatiently<T>(
  call: () => Promise<T>,
  options: { readonly patienceMs: number; readonly signal?: AbortSignal | undefined },
): Promise<T> {
  const patience = createPatience(options.patienceMs);
  for (;;) {
    try {
      return await call();
    } catch (error) {
      await patience.wait(error, options.signal);
    }
  }
}
