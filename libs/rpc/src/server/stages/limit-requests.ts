import { AppError } from "@pixelmesh/errors";
import type { Metrics } from "@pixelmesh/telemetry";
import { isOversized, maxStructureBytes } from "../../limits/bound-requests.ts";
import { takeRequest } from "../../limits/read-ahead.ts";

/** Throws REQUEST_TOO_LARGE, and counts it, for a request with more than 256 KiB besides the picture. */
export function assertRequestSize(path: string, request: unknown, metrics: Metrics): void {
  if (!isOversized(request)) return;
  const reason = "REQUEST_TOO_LARGE";
  metrics.count("pixelmesh_refused_requests_total", { rpc_method: path.slice(1), reason });
  throw new AppError(reason, `Expected up to ${maxStructureBytes} bytes besides the picture's, got more`);
}

/** Limits of a stream of requests. */
export type RequestStreamLimits<Request> = {
  /** Throws for a request that is too large. */
  readonly check: (request: Request) => void;
  /** After this time without a request the stream fails with DEADLINE_EXCEEDED; undefined: never. */
  readonly stallMs: number | undefined;
  /** Ends the stream with its reason. */
  readonly signal: AbortSignal;
};

/** Yields the requests of a stream within its limits. */
export async function* limitRequests<Request>(
  requests: AsyncIterable<Request>,
  { check, stallMs, signal }: RequestStreamLimits<Request>,
): AsyncGenerator<Request, void, undefined> {
  const iterator = requests[Symbol.asyncIterator]();
  // One timer for the whole stream, because a stream has many thousands of messages.
  let fail: ((error: unknown) => void) | undefined;
  let waitedTicks = 0;
  let timer: NodeJS.Timeout | undefined;
  const onTick = () => {
    // A handler that refuses its call never reads on. A timer that runs without end would keep the call in memory.
    if (!fail) timer = void clearInterval(timer);
    else if (++waitedTicks > ticks)
      fail(new AppError("DEADLINE_EXCEEDED", `The upload sent nothing for ${(stallMs ?? 0) / 1000} s`));
  };
  const onAbort = () => fail?.(signal.reason);
  signal.addEventListener("abort", onAbort, { once: true });
  const next = () =>
    new Promise<IteratorResult<Request>>((resolve, reject) => {
      signal.throwIfAborted();
      fail = reject;
      waitedTicks = 0;
      if (stallMs !== undefined) timer ??= setInterval(onTick, stallMs / ticks);
      iterator.next().then(resolve, reject);
    }).finally(() => {
      fail = undefined;
    });
  try {
    for (let result = await next(); !result.done; result = await next()) {
      takeRequest(result.value);
      check(result.value);
      yield result.value;
    }
  } finally {
    clearInterval(timer);
    signal.removeEventListener("abort", onAbort);
    iterator.return?.().catch(() => {});
  }
}

/** A stall is detected late by at most a tenth of its limit. */
const ticks = 10;
