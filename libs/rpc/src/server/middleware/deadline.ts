import { AppError, isAbort } from "@pixelmesh/errors";
import { bindToContext, withCallInfo } from "@pixelmesh/telemetry";
import type { CallContext, ServerMiddlewareCall } from "nice-grpc-common";
import { isLongLived } from "../../calls/method-kinds.ts";
import { remainingKey } from "../remaining-time.ts";

/**
 * Creates a middleware that enforces the deadline: the caller's remaining time (`grpc-timeout`), at most `maxMs`. Long-lived methods
 * have none. At the deadline the handler's signal is aborted and the call ends with DEADLINE_EXCEEDED; a later response is not sent.
 * When `stopping` fires, long-lived calls end with STOPPING.
 */
export function createDeadlineMiddleware(maxMs: number, stopping: AbortSignal) {
  // A set: an abort signal with thousands of listeners searches them all to add or remove one.
  const longLivedCalls = new Set<() => void>();
  stopping.addEventListener("abort", () => {
    for (const endCall of longLivedCalls) endCall();
  });
  return async function* deadline<Request, Response>(
    call: ServerMiddlewareCall<Request, Response>,
    context: CallContext,
  ) {
    const isUnlimited = isLongLived(call.method.path);
    const callerMs = Number(context.metadata.get(remainingKey) ?? Number.POSITIVE_INFINITY);
    const remainingMs = isUnlimited ? undefined : Math.min(callerMs, maxMs);
    const deadlineUnixMs = remainingMs === undefined ? undefined : Date.now() + remainingMs;

    const untilMs = performance.now() + (remainingMs ?? Number.POSITIVE_INFINITY);
    const ending = new AbortController();
    const end = (error: AppError) => ending.abort(error);
    const onStopping = () => end(new AppError("STOPPING", "This replica is stopping", { retryAfterMs: 500 }));
    let timer: NodeJS.Timeout | undefined;
    if (remainingMs !== undefined) {
      timer = setTimeout(() => end(deadlineError()), remainingMs);
    } else if (stopping.aborted) onStopping();
    else longLivedCalls.add(onStopping);

    try {
      const signal = AbortSignal.any([context.signal, ending.signal]);
      const facts = deadlineUnixMs === undefined ? {} : { deadlineUnixMs };
      const response = yield* withCallInfo(facts, () =>
        bindToContext(call.next(call.request, { ...context, signal }) as AsyncGenerator<Response, Response>),
      );
      if (remainingMs !== undefined && ending.signal.aborted) throw ending.signal.reason;
      return response;
    } catch (error) {
      // grpc-js has its own timer, which may end the call a moment before ours.
      if (isAbort(error) && !ending.signal.aborted && performance.now() > untilMs - timerSlackMs) throw deadlineError();
      throw ending.signal.aborted && (isAbort(error) || error === ending.signal.reason) ? ending.signal.reason : error;
    } finally {
      clearTimeout(timer);
      longLivedCalls.delete(onStopping);
    }
  };
}

const timerSlackMs = 50;

const deadlineError = () => new AppError("DEADLINE_EXCEEDED", "The deadline passed before the call was done");
