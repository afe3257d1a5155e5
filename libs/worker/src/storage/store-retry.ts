import { setTimeout as sleep } from "node:timers/promises";
import { type AppError, isRetryable, toAppError } from "@pixelmesh/errors";
import type { ServiceBase } from "@pixelmesh/service";

/** Retries an action with storage until it succeeds. */
export type Retry = <T>(act: () => Promise<T>) => Promise<T>;

/** Retries the storing of results, for steps that have run. */
export type StoreRetry = {
  /**
   * Returns a retry for one step. It retries transient failures with backoff until `signal` is aborted, which happens at the job's
   * deadline, then throws the signal's reason. It throws permanent failures at once. `fields` are added to its log lines.
   */
  of(fields: Readonly<Record<string, unknown>>, signal: AbortSignal): Retry;
};

const firstWaitMs = 250;
const longestWaitMs = 10_000;
/** Upper limit of the wait that a server may ask for. */
const maxRetryAfterMs = 30_000;
/** An INTERNAL failure may be a defect, so it is not retried until the deadline. */
const maxInternalFailures = 5;

/** Creates the retry of a process, with the metric of waiting steps. */
export function createStoreRetry({ log, metrics }: Pick<ServiceBase, "log" | "metrics">): StoreRetry {
  let waitingSteps = 0;
  const countWaiting = (change: number) => {
    waitingSteps += change;
    metrics.set("pixelmesh_steps_waiting_for_storage", {}, waitingSteps);
  };

  function createWait(signal: AbortSignal): (waitMs: number) => Promise<void> {
    // A step may store several blobs at once; it is counted once.
    let waits = 0;
    return async (waitMs) => {
      if (waits++ === 0) countWaiting(1);
      try {
        await sleep(waitMs, undefined, { signal });
      } catch (ended) {
        signal.throwIfAborted();
        throw ended;
      } finally {
        if (--waits === 0) countWaiting(-1);
      }
    };
  }

  return {
    of(fields, signal) {
      const wait = createWait(signal);
      return async (act) => {
        let internalFailures = 0;
        for (let tries = 1; ; tries += 1) {
          try {
            const value = await act();
            if (tries > 1) log.info({ ...fields, tries }, "the result is stored after retries");
            return value;
          } catch (caught) {
            signal.throwIfAborted();
            const error = toAppError(caught);
            if (error.reason === "INTERNAL") internalFailures += 1;
            if (!isTransient(error) || internalFailures >= maxInternalFailures) throw caught;
            const waitMs = toWaitMs(error, tries, Math.random());
            const failure = { ...fields, reason: error.reason, tries, waitMs };
            if (tries === 1)
              log.warn({ ...failure, err: error.cause ?? error }, "the result cannot be stored; retrying");
            else log.debug(failure, "the result still cannot be stored");
            await wait(waitMs);
          }
        }
      };
    },
  };
}

/** DEADLINE_EXCEEDED and CANCELLED are transient here: the step's own signal is not aborted, so they come from a call's timeout or the server. */
function isTransient({ reason }: AppError): boolean {
  return isRetryable(reason) || reason === "DEADLINE_EXCEEDED" || reason === "CANCELLED";
}

/**
 * Returns the wait before the next try in ms: exponential from 250 ms to 10 s, at least what the server asks for (up to 30 s). `jitter`
 * (0 to 1) adds up to a quarter, so that steps do not retry at the same time.
 */
export function toWaitMs({ retryAfterMs = 0 }: Pick<AppError, "retryAfterMs">, tries: number, jitter: number): number {
  const ownMs = Math.min(longestWaitMs, firstWaitMs * 2 ** Math.min(tries - 1, 10));
  return Math.round(Math.max(ownMs, Math.min(retryAfterMs, maxRetryAfterMs)) * (1 + jitter / 4));
}
