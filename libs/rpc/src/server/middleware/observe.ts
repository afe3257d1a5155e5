import { isAbort } from "@pixelmesh/errors";
import { callInfo, type Logger, type Metrics } from "@pixelmesh/telemetry";
import { type CallContext, ServerError, type ServerMiddlewareCall, Status } from "nice-grpc-common";
import { createCallDurations } from "../../calls/call-durations.ts";

/**
 * Creates a middleware that counts each call and logs one line for it: method, status, duration, reason of a failure, job and step.
 * Health checks are counted, not logged.
 */
export function createObserveMiddleware(log: Logger, metrics: Metrics) {
  const observeDuration = createCallDurations(metrics, "rpc_server_call_duration_seconds");
  return async function* observe<Request, Response>(
    call: ServerMiddlewareCall<Request, Response>,
    context: CallContext,
  ) {
    const startMs = performance.now();
    const { logFields } = callInfo();
    let code: Status = Status.CANCELLED; // The consumer may stop reading at any time.
    try {
      const response = yield* call.next(call.request, context) as AsyncGenerator<Response, Response>;
      code = Status.OK;
      return response;
    } catch (error) {
      code = error instanceof ServerError ? error.code : isAbort(error) ? Status.CANCELLED : Status.UNKNOWN;
      throw error;
    } finally {
      const seconds = (performance.now() - startMs) / 1000;
      const method = call.method.path.slice(1);
      observeDuration(call.method.path, code, seconds);
      if (!method.startsWith("grpc.health."))
        log.info(
          { method, status: Status[code] ?? "UNKNOWN", ms: Math.round(seconds * 1e4) / 10, ...logFields },
          "call",
        );
    }
  };
}
