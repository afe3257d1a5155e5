import { AppError } from "@pixelmesh/errors";
import type { Metrics } from "@pixelmesh/telemetry";
import type { CallContext, ServerMiddlewareCall } from "nice-grpc-common";
import { isLongLived } from "../../calls/method-kinds.ts";
import { isOversized, maxStructureBytes } from "../../limits/bound-requests.ts";

/**
 * Creates a middleware that refuses requests with more than 256 KiB besides the picture with REQUEST_TOO_LARGE. It ends a stream of
 * requests that sends nothing for `stallMs` with DEADLINE_EXCEEDED, unless the method is long-lived. The end of a call also ends its stream.
 */
export function createLimitRequestsMiddleware(stallMs: number, metrics: Metrics) {
  return async function* limitRequests<Request, Response>(
    call: ServerMiddlewareCall<Request, Response>,
    context: CallContext,
  ) {
    const check = (request: Request): Request => {
      if (!isOversized(request)) return request;
      const reason = "REQUEST_TOO_LARGE";
      metrics.count("pixelmesh_refused_requests_total", { rpc_method: call.method.path.slice(1), reason });
      throw new AppError(reason, `Expected up to ${maxStructureBytes} bytes besides the picture's, got more`);
    };
    const request = call.requestStream
      ? readAll(call.request, check, isLongLived(call.method.path) ? undefined : stallMs, context.signal)
      : check(call.request);
    return yield* call.next(request as Request & AsyncIterable<Request>, context) as AsyncGenerator<Response, Response>;
  };
}

async function* readAll<Request>(
  requests: AsyncIterable<Request>,
  check: (request: Request) => Request,
  stallMs: number | undefined,
  signal: AbortSignal,
): AsyncGenerator<Request, void, undefined> {
  const iterator = requests[Symbol.asyncIterator]();
  // One timer for the whole stream, because a stream has many thousands of messages.
  let fail: ((error: unknown) => void) | undefined;
  let waitedTicks = 0;
  const onTick = () => {
    if (fail && ++waitedTicks > ticks)
      fail(new AppError("DEADLINE_EXCEEDED", `The upload sent nothing for ${(stallMs ?? 0) / 1000} s`));
  };
  const onAbort = () => fail?.(signal.reason);
  const timer = stallMs === undefined ? undefined : setInterval(onTick, stallMs / ticks);
  signal.addEventListener("abort", onAbort, { once: true });
  const next = () =>
    new Promise<IteratorResult<Request>>((resolve, reject) => {
      signal.throwIfAborted();
      fail = reject;
      waitedTicks = 0;
      iterator.next().then(resolve, reject);
    }).finally(() => {
      fail = undefined;
    });
  try {
    for (let result = await next(); !result.done; result = await next()) yield check(result.value);
  } finally {
    clearInterval(timer);
    signal.removeEventListener("abort", onAbort);
    iterator.return?.().catch(() => {});
  }
}

/** A stall is detected late by at most a tenth of its limit. */
const ticks = 10;
