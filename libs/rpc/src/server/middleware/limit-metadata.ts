import { AppError } from "@pixelmesh/errors";
import type { Metrics } from "@pixelmesh/telemetry";
import type { CallContext, ServerMiddlewareCall } from "nice-grpc-common";

/** Limit for names and values together. HTTP/2 itself ends streams with more than 64 KiB of headers. */
const maxMetadataBytes = 16 * 1024;

/** Creates a middleware that refuses calls with more than 16 KiB of metadata with REQUEST_TOO_LARGE. */
export function createLimitMetadataMiddleware(metrics: Metrics) {
  return async function* limitMetadata<Request, Response>(
    call: ServerMiddlewareCall<Request, Response>,
    context: CallContext,
  ) {
    let bytes = 0;
    for (const [name, values] of context.metadata) for (const value of values) bytes += name.length + value.length;
    if (bytes > maxMetadataBytes) {
      const reason = "REQUEST_TOO_LARGE";
      metrics.count("pixelmesh_refused_requests_total", { rpc_method: call.method.path.slice(1), reason });
      throw new AppError(reason, `Expected up to ${maxMetadataBytes} bytes of metadata, got ${bytes}`);
    }
    return yield* call.next(call.request, context) as AsyncGenerator<Response, Response>;
  };
}
