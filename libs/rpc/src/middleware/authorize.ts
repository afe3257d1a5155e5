import { AppError } from "@pixelmesh/errors";
import type { Metrics } from "@pixelmesh/telemetry";
import type { CallContext, ServerMiddlewareCall } from "nice-grpc-common";

/** Decides whether a call with this token is let in. */
export type TokenCheck = (token: string) => boolean;

/** The token of `authorization: Bearer TOKEN`; undefined where the metadata has none. */
export function bearerToken(metadata: CallContext["metadata"]): string | undefined {
  return /^Bearer +(\S+)$/i.exec(String(metadata.get("authorization") ?? ""))?.[1];
}

/**
 * Lets in calls that carry `authorization: Bearer <token>` with a token that `check` knows; others end with UNAUTHENTICATED and are
 * counted. Health needs none: load balancers ask for it, and it says nothing but whether the process serves.
 */
export function createAuthorizeMiddleware(check: TokenCheck, metrics: Metrics) {
  return async function* authorize<Request, Response>(
    call: ServerMiddlewareCall<Request, Response>,
    context: CallContext,
  ) {
    const token = bearerToken(context.metadata);
    if (!call.method.path.startsWith("/grpc.health.") && (token === undefined || !check(token))) {
      const reason = "UNAUTHENTICATED";
      metrics.count("pixelmesh_refused_requests_total", { rpc_method: call.method.path.slice(1), reason });
      throw new AppError(
        reason,
        token === undefined ? "Expected a token as `authorization: Bearer TOKEN`" : "The token is none of this mesh's",
      );
    }
    return yield* call.next(call.request, context) as AsyncGenerator<Response, Response>;
  };
}
