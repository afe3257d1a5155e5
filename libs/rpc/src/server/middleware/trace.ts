import { openEntry } from "@pixelmesh/telemetry";
import { type CallContext, ServerError, type ServerMiddlewareCall, Status } from "nice-grpc-common";
import { isTraced } from "../../calls/method-kinds.ts";
import { tenantKey } from "../../calls/tenant-key.ts";
import { isServerError } from "../../errors/server-fault.ts";

/** Runs the call in a span of the caller's trace (or of a new one), and sets its tenant. */
export async function* traceMiddleware<Request, Response>(
  call: ServerMiddlewareCall<Request, Response>,
  context: CallContext,
) {
  const tenant = context.metadata.get(tenantKey);
  const method = call.method.path.slice(1);
  const attributes = { "rpc.system.name": "grpc", "rpc.method": method };
  const { span, bind } = openEntry(
    (name) => context.metadata.get(name)?.toString(),
    isTraced(call.method.path) ? { name: method, options: { kind: "server", attributes } } : undefined,
    { ...(tenant ? { tenant } : {}), logFields: {} },
  );
  let code = Status.CANCELLED; // The consumer may stop reading at any time.
  try {
    const response = yield* bind(call.next(call.request, context) as AsyncGenerator<Response, Response>);
    code = Status.OK;
    return response;
  } catch (error) {
    if (error instanceof ServerError) code = error.code;
    throw error;
  } finally {
    span.set({ "rpc.response.status_code": Status[code] });
    if (isServerError(code)) span.fail(Status[code] ?? "UNKNOWN");
    span.end();
  }
}
