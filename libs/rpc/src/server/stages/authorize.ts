import { AppError } from "@pixelmesh/errors";
import type { Metrics } from "@pixelmesh/telemetry";
import type { CallContext } from "nice-grpc-common";

/** Whether a call with this token is accepted. */
export type TokenCheck = (token: string) => boolean;

/** Returns the token of `authorization: Bearer TOKEN`; undefined without one. */
export function readBearerToken(metadata: CallContext["metadata"]): string | undefined {
  return parseBearerToken(String(metadata.get("authorization") ?? ""));
}

/** Returns the token of `Bearer TOKEN`; undefined for another text. */
export function parseBearerToken(authorization: string): string | undefined {
  return /^Bearer +(\S+)$/i.exec(authorization)?.[1];
}

/**
 * Throws UNAUTHENTICATED, and counts it, for a call without `authorization: Bearer <token>` whose token `check` accepts. Health needs no token:
 * load balancers call it, and it reveals only whether the process serves.
 */
export function assertToken(
  path: string,
  metadata: CallContext["metadata"],
  { check, metrics }: { readonly check: TokenCheck; readonly metrics: Metrics },
): void {
  if (path.startsWith("/grpc.health.")) return;
  const token = readBearerToken(metadata);
  if (token !== undefined && check(token)) return;
  const reason = "UNAUTHENTICATED";
  metrics.count("pixelmesh_refused_requests_total", { rpc_method: path.slice(1), reason });
  throw new AppError(
    reason,
    token === undefined ? "Expected a token as `authorization: Bearer TOKEN`" : "This mesh does not know the token",
  );
}
