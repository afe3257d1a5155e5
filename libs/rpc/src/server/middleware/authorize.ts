import { AppError } from "@pixelmesh/errors";
import type { Metrics } from "@pixelmesh/telemetry";
import type { CallContext, ServerMiddlewareCall } from "nice-grpc-common";

/** Whether a call with this token is accepted. */
export type TokenCheck = (token: string) => boolean;

/** Returns the token of `authorization: Bearer TOKEN`; undefined without one. */
export function readBearerToken(metadata: CallContext["metadata"]): string | undefined {
  return /^Bearer +(\S+)$/i.exec(String(metadata.get("authorization") ?? ""))?.[1];
}

/**
 * Creates a middleware that accepts calls with `authorization: Bearer <token>` if `check` accepts the token. It refuses others with
 * UNAUTHENTICATED and counts them. Health needs no token: load balancers call it, and it reveals only whether the process serves.
 */
export function createAuthorizeMiddleware(check: TokenCheck, metrics: Metrics) {
  return async function* authorize<Request, Response>(
    call: ServerMiddlewareCall<Request, Response>,
    context: CallContext,
  ) {
    const token = readBearerToken(context.metadata);
    if (!call.method.path.startsWith("/grpc.health.") && (token === undefined || !check(token))) {
      const reason = "UNAUTHENTICATED";
      metrics.count("pixelmesh_refused_requests_total", { rpc_method: call.method.path.slice(1), reason });
      throw new AppError(
        reason,
        token === undefined ? "Expected a token as `authorization: Bearer TOKEN`" : "This mesh does not know the token",
      );
    }
    return yield* call.next(call.request, context) as AsyncGenerator<Response, Response>;
  };
}
