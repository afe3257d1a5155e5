import { AppError, isAbort } from "@pixelmesh/errors";
import { bindToContext, withCallFacts } from "@pixelmesh/telemetry";
import type { CallContext, ServerMiddlewareCall } from "nice-grpc-common";
import { remainingKey } from "../remaining-time.ts";
import { isEndless } from "./endless.ts";

/**
 * Gives the call its deadline: the time that the caller left it (`grpc-timeout`), at most `maxMs` from now; endless methods have
 * none of their own. At the deadline, or for endless calls when `stopping` fires, the handler's signal is aborted and the call
 * ends with DEADLINE_EXCEEDED or STOPPING. An answer that a handler gives after the deadline is not sent.
 */
export function createDeadlineMiddleware(maxMs: number, stopping: AbortSignal) {
  // A set: an abort signal with thousands of listeners searches all of them to add or remove one.
  const endlessCalls = new Set<() => void>();
  stopping.addEventListener("abort", () => {
    for (const endCall of endlessCalls) endCall();
  });
  return async function* deadline<Request, Response>(
    call: ServerMiddlewareCall<Request, Response>,
    context: CallContext,
  ) {
    const endless = isEndless(call.method.path);
    const askedMs = Number(context.metadata.get(remainingKey) ?? Number.POSITIVE_INFINITY);
    const remainingMs = endless ? undefined : Math.min(askedMs, maxMs);
    const deadlineUnixMs = remainingMs === undefined ? undefined : Date.now() + remainingMs;

    const untilMs = performance.now() + (remainingMs ?? Number.POSITIVE_INFINITY);
    const ending = new AbortController();
    const end = (error: AppError) => ending.abort(error);
    const onStopping = () => end(new AppError("STOPPING", "This replica is stopping", { retryAfterMs: 500 }));
    let timer: NodeJS.Timeout | undefined;
    if (remainingMs !== undefined) {
      timer = setTimeout(() => end(passed()), remainingMs);
    } else if (stopping.aborted) onStopping();
    else endlessCalls.add(onStopping);

    try {
      const signal = AbortSignal.any([context.signal, ending.signal]);
      const facts = deadlineUnixMs === undefined ? {} : { deadlineUnixMs };
      const response = yield* withCallFacts(facts, () =>
        bindToContext(call.next(call.request, { ...context, signal }) as AsyncGenerator<Response, Response>),
      );
      if (remainingMs !== undefined && ending.signal.aborted) throw ending.signal.reason;
      return response;
    } catch (error) {
      // grpc-js counts the same time, and may end the call a moment before our timer.
      if (isAbort(error) && !ending.signal.aborted && performance.now() > untilMs - timerSlackMs) throw passed();
      throw ending.signal.aborted && (isAbort(error) || error === ending.signal.reason) ? ending.signal.reason : error;
    } finally {
      clearTimeout(timer);
      endlessCalls.delete(onStopping);
    }
  };
}

const timerSlackMs = 50;

const passed = () => new AppError("DEADLINE_EXCEEDED", "The deadline passed before the call was done");
