import { setTimeout as sleep } from "node:timers/promises";
import { type AppError, isRetryable, toAppError } from "@pixelmesh/errors";
import type { ServiceBase } from "@pixelmesh/service";

/** Does one thing with the store until it succeeds. */
export type Patiently = <T>(act: () => Promise<T>) => Promise<T>;

/** How a step that is done waits for a store that cannot take its result now. */
export type Patience = {
  /**
   * A way to repeat what the store refuses, until `signal` ends it: a step's signal fires at its job's deadline. Failures that
   * will not pass are thrown at once. `fields` are what lines of the log say of the step.
   */
  of(fields: Readonly<Record<string, unknown>>, signal: AbortSignal): Patiently;
};

const firstWaitMs = 250;
const longestWaitMs = 10_000;
/** The longest wait that a server may ask for. */
const longestAskedMs = 30_000;
/** A failure that says nothing may be a defect: it is not repeated until the deadline. */
const maxUnexplained = 5;

/** Makes it for one process, with its metric of waiting steps. */
export function createPatience({ log, metrics }: Pick<ServiceBase, "log" | "metrics">): Patience {
  let waitingSteps = 0;
  const note = (change: number) => {
    waitingSteps += change;
    metrics.set("pixelmesh_steps_waiting_for_storage", {}, waitingSteps);
  };

  return {
    of(fields, signal) {
      // A step may store several things at once: it waits once.
      let waits = 0;
      const enter = () => {
        if (waits++ === 0) note(1);
      };
      const leave = () => {
        if (--waits === 0) note(-1);
      };
      return async (act) => {
        let unexplained = 0;
        for (let tries = 1; ; tries += 1) {
          try {
            const made = await act();
            if (tries > 1) log.info({ ...fields, tries }, "the store took the result");
            return made;
          } catch (caught) {
            signal.throwIfAborted();
            const error = toAppError(caught);
            if (error.reason === "INTERNAL") unexplained += 1;
            if (!mayPass(error) || unexplained >= maxUnexplained) throw caught;
            const waitMs = toWaitMs(error, tries, Math.random());
            const told = { ...fields, reason: error.reason, tries, waitMs };
            if (tries === 1)
              log.warn(
                { ...told, err: error.cause ?? error },
                "the store does not take the result; it is kept and tried again",
              );
            else log.debug(told, "the store still does not take the result");
            enter();
            try {
              await sleep(waitMs, undefined, { signal });
            } catch (ended) {
              signal.throwIfAborted();
              throw ended;
            } finally {
              leave();
            }
          }
        }
      };
    },
  };
}

/** The step's own signal has not fired: a call that ran into its time, or was let go by the other side, may succeed. */
function mayPass({ reason }: AppError): boolean {
  return isRetryable(reason) || reason === "DEADLINE_EXCEEDED" || reason === "CANCELLED";
}

/** At least what the store asks for, else longer from try to try; spread by `jitter` (0 to 1) so that steps do not march in step. */
export function toWaitMs({ retryAfterMs = 0 }: Pick<AppError, "retryAfterMs">, tries: number, jitter: number): number {
  const ownMs = Math.min(longestWaitMs, firstWaitMs * 2 ** Math.min(tries - 1, 10));
  return Math.round(Math.max(ownMs, Math.min(retryAfterMs, longestAskedMs)) * (1 + jitter / 4));
}
