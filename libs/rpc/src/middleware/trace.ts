import { openEntry } from "@pixelmesh/telemetry";
import { type CallContext, ServerError, type ServerMiddlewareCall, Status } from "nice-grpc-common";
import { isServerError } from "../server-errors.ts";
import { tenantKey } from "../tenant-key.ts";
import { isTraced } from "./endless.ts";

/** Runs the call in the caller's trace (or a new one), in a span of its own, and on behalf of its tenant. */
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
    { ...(tenant ? { tenant } : {}), notes: {} },
  );
  let code = Status.CANCELLED; // What it is when the consumer simply stops asking.
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
