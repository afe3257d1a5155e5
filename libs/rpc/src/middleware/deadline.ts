import { AppError, isAbort } from "@pixelmesh/errors";
import { bindToContext, withCallFacts } from "@pixelmesh/telemetry";
import type { CallContext, ServerMiddlewareCall } from "nice-grpc-common";
import { isEndless } from "./endless.ts";

/**
 * Gives the call its deadline: what the caller asked for in `x-pixelmesh-deadline-unix-ms`, at most `maxMs` from now;
 * endless methods have none of their own. At the deadline, or for endless calls when `stopping` fires, the handler's
 * signal is aborted and the call ends with DEADLINE_EXCEEDED or STOPPING.
 */
export function createDeadlineMiddleware(maxMs: number, stopping: AbortSignal) {
  return async function* deadline<Request, Response>(
    call: ServerMiddlewareCall<Request, Response>,
    context: CallContext,
  ) {
    const endless = isEndless(call.method.path);
    const asked = Number(context.metadata.get("x-pixelmesh-deadline-unix-ms") ?? Number.NaN);
    const nowMs = Date.now();
    const deadlineUnixMs = endless
      ? undefined
      : Math.min(Number.isFinite(asked) ? asked : Number.POSITIVE_INFINITY, nowMs + maxMs);

    const ending = new AbortController();
    const end = (error: AppError) => ending.abort(error);
    const onStopping = () => end(new AppError("STOPPING", "This replica is stopping", { retryAfterMs: 500 }));
    let timer: NodeJS.Timeout | undefined;
    if (deadlineUnixMs !== undefined) {
      timer = setTimeout(
        () => end(new AppError("DEADLINE_EXCEEDED", "The deadline passed before the call was done")),
        Math.max(0, deadlineUnixMs - nowMs),
      );
    } else if (stopping.aborted) onStopping();
    else stopping.addEventListener("abort", onStopping, { once: true });

    try {
      const signal = AbortSignal.any([context.signal, ending.signal]);
      const facts = deadlineUnixMs === undefined ? {} : { deadlineUnixMs };
      return yield* withCallFacts(facts, () =>
        bindToContext(call.next(call.request, { ...context, signal }) as AsyncGenerator<Response, Response>),
      );
    } catch (error) {
      throw ending.signal.aborted && (isAbort(error) || error === ending.signal.reason) ? ending.signal.reason : error;
    } finally {
      clearTimeout(timer);
      stopping.removeEventListener("abort", onStopping);
    }
  };
}
