import { AppError, isAbort } from "@pixelmesh/errors";
import type { CallContext } from "nice-grpc-common";
import { isLongLived } from "../../calls/method-kinds.ts";
import { deadlineKey } from "../remaining-time.ts";

/** The deadline of one call. */
export type CallDeadline = {
  /** Undefined for a long-lived call. */
  readonly deadlineUnixMs: number | undefined;
  /** Returns the handler's signal: aborted when the caller cancels, at the deadline, and for a long-lived call when the server stops. */
  signal(): AbortSignal;
  /** Throws DEADLINE_EXCEEDED if the deadline has passed. Called before a response is sent. */
  assertOpen(): void;
  /** Returns the error of a failed call: the reason for which it was ended, if it was. */
  explain(error: unknown): unknown;
  /** Stops the timer. */
  close(): void;
};

/** Opens the deadlines of a server's calls. */
export type CallDeadlines = (path: string, context: Pick<CallContext, "metadata" | "signal">) => CallDeadline;

/**
 * Creates the deadlines of a server: the caller's remaining time (`grpc-timeout`), at most `maxMs`. Long-lived methods have none; they end
 * with STOPPING when `stopping` fires.
 */
export function createCallDeadlines(maxMs: number, stopping: AbortSignal): CallDeadlines {
  // A set: an abort signal with thousands of listeners searches them all to add or remove one.
  const longLivedCalls = new Set<() => void>();
  stopping.addEventListener("abort", () => {
    for (const endCall of longLivedCalls) endCall();
  });

  return (path, context) => {
    const callerUnixMs = Number(context.metadata.get(deadlineKey) ?? Number.POSITIVE_INFINITY);
    const callerMs = Math.max(0, callerUnixMs - Date.now());
    const remainingMs = isLongLived(path) ? undefined : Math.min(callerMs, maxMs);
    const untilMs = performance.now() + (remainingMs ?? Number.POSITIVE_INFINITY);
    let ended: AppError | undefined;
    // Created on first use: most handlers of short calls take no signal.
    let handling: AbortController | undefined;
    const end = (error: AppError) => {
      ended = error;
      handling?.abort(error);
    };
    const onStopping = () => end(new AppError("STOPPING", "This replica is stopping", { retryAfterMs: 500 }));
    const timer = remainingMs === undefined ? undefined : setTimeout(() => end(deadlineError()), remainingMs);
    if (remainingMs === undefined && stopping.aborted) onStopping();
    else if (remainingMs === undefined) longLivedCalls.add(onStopping);

    return {
      deadlineUnixMs: remainingMs === undefined ? undefined : Date.now() + remainingMs,
      signal() {
        handling ??= follow(context.signal, ended);
        return handling.signal;
      },
      assertOpen() {
        if (remainingMs !== undefined && ended) throw ended;
      },
      explain(error) {
        // grpc-js has its own timer, which may end the call a moment before ours.
        if (isAbort(error) && !ended && performance.now() > untilMs - timerSlackMs) return deadlineError();
        return ended && (isAbort(error) || error === ended) ? ended : error;
      },
      close() {
        clearTimeout(timer);
        longLivedCalls.delete(onStopping);
      },
    };
  };
}

/** Creates a controller that is aborted with `call`, or already with `ended`. Cheaper than `AbortSignal.any`. */
function follow(call: AbortSignal, ended: AppError | undefined): AbortController {
  const controller = new AbortController();
  if (ended) controller.abort(ended);
  else if (call.aborted) controller.abort(call.reason);
  else call.addEventListener("abort", () => controller.abort(call.reason), { once: true });
  return controller;
}

const timerSlackMs = 50;

const deadlineError = () => new AppError("DEADLINE_EXCEEDED", "The deadline passed before the call was done");
