import type { CallLogFields, Logger, Metrics } from "@pixelmesh/telemetry";
import { type CallContext, type ServerError, type ServerMiddlewareCall, Status } from "nice-grpc-common";
import { isLongLived } from "../calls/method-kinds.ts";
import { detailsKey, toDetails } from "../errors/error-details.ts";
import { applyBackpressure } from "../limits/backpressure.ts";
import { releaseOf } from "../limits/once-sent.ts";
import { assertToken, type TokenCheck } from "./stages/authorize.ts";
import { type CallDeadline, createCallDeadlines } from "./stages/deadline.ts";
import { assertMetadataSize } from "./stages/limit-metadata.ts";
import { assertRequestSize, limitRequests } from "./stages/limit-requests.ts";
import { toSentError } from "./stages/map-errors.ts";
import { createCallObserver } from "./stages/observe.ts";
import { enterCall } from "./stages/trace.ts";

/** What serving a call needs. */
export type ServeOptions = {
  readonly log: Logger;
  readonly metrics: Metrics;
  /** Undefined: every caller is accepted. */
  readonly tokens: TokenCheck | undefined;
  readonly maxDeadlineMs: number;
  /** How long a client may pause within an upload. */
  readonly stallMs: number;
  /** Ends long-lived calls. */
  readonly stopping: AbortSignal;
};

/**
 * Creates the middleware around every handler: trace, log line and metrics of the call, typed errors, limits of metadata and requests, token,
 * deadline, backpressure. It is one generator, because each further one around a call costs as much as all these stages together.
 */
export function createServeCall(options: ServeOptions) {
  const { log, metrics, tokens, maxDeadlineMs, stopping } = options;
  const openDeadline = createCallDeadlines(maxDeadlineMs, stopping);
  const observe = createCallObserver(log, metrics);

  return async function* serveCall<Request, Response>(
    call: ServerMiddlewareCall<Request, Response>,
    context: CallContext,
  ): AsyncGenerator<Response, Response | undefined, undefined> {
    const { path } = call.method;
    const { metadata } = context;
    const logFields: CallLogFields = {};
    const startMs = performance.now();
    const deadline = openDeadline(path, context);
    const { deadlineUnixMs } = deadline;
    const entry = enterCall(
      path,
      metadata,
      deadlineUnixMs === undefined ? { logFields } : { logFields, deadlineUnixMs },
    );
    let code: Status = Status.CANCELLED; // The consumer may stop reading at any time.
    try {
      assertMetadataSize(path, metadata, metrics);
      if (tokens) assertToken(path, metadata, { check: tokens, metrics });
      const responses = entry.bind(handle(call, context, deadline, options));
      const response = call.responseStream
        ? yield* applyBackpressure(responses, context.signal)
        : yield* responses as AsyncGenerator<Response, Response>;
      assertInTime(deadline, response);
      code = Status.OK;
      return response;
    } catch (caught) {
      const failure = entry.run(() => toSentError(deadline.explain(caught), path, logFields, log));
      code = failure.code;
      addDetails(context, failure);
      throw failure;
    } finally {
      deadline.close();
      entry.run(() => observe(path, code, startMs, logFields));
      entry.end(code);
    }
  };
}

/** Calls the handler with its limited request or requests. Its context creates the signal on first use. */
function handle<Request, Response>(
  call: ServerMiddlewareCall<Request, Response>,
  context: CallContext,
  deadline: CallDeadline,
  { metrics, stallMs }: ServeOptions,
): AsyncGenerator<Response, Response, undefined> {
  const { path } = call.method;
  const check = (request: Request) => assertRequestSize(path, request, metrics);
  const inContext: CallContext = {
    ...context,
    get signal() {
      return deadline.signal();
    },
  };
  if (call.requestStream) {
    const limits = { check, stallMs: isLongLived(path) ? undefined : stallMs, signal: inContext.signal };
    const requests = limitRequests(call.request, limits);
    return call.next(requests as never, inContext) as AsyncGenerator<Response, Response>;
  }
  check(call.request);
  return call.next(call.request as never, inContext) as AsyncGenerator<Response, Response>;
}

/** Throws DEADLINE_EXCEEDED instead of sending a late response. */
function assertInTime(deadline: CallDeadline, response: unknown): void {
  try {
    deadline.assertOpen();
  } catch (error) {
    releaseOf(response)?.();
    throw error;
  }
}

function addDetails({ trailer }: CallContext, failure: ServerError): void {
  const details = toDetails(failure);
  if (details) trailer.set(detailsKey, details);
}
