import { bindToContext, withCallFacts, withExtractedTrace } from "@pixelmesh/telemetry";
import type { CallContext, ServerMiddlewareCall } from "nice-grpc-common";

/** Runs the call in the caller's trace (or a new one) and on behalf of its tenant. */
export async function* traceMiddleware<Request, Response>(
  call: ServerMiddlewareCall<Request, Response>,
  context: CallContext,
) {
  const tenant = context.metadata.get("x-pixelmesh-tenant");
  const bound = withExtractedTrace(
    (name) => context.metadata.get(name)?.toString(),
    () =>
      withCallFacts(tenant ? { tenant } : {}, () =>
        bindToContext(call.next(call.request, context) as AsyncGenerator<Response, Response>),
      ),
  );
  return yield* bound;
}
