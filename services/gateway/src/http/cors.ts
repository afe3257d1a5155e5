import type { FastifyReply, FastifyRequest } from "fastify";
import { headerOf } from "./request-scope.ts";

const exposed =
  "ETag, Location, Retry-After, Content-Disposition, Server-Timing, X-Pixelmesh-Job, X-Pixelmesh-Source-Sha256, X-Pixelmesh-Cached";

/**
 * Adds the headers of cross-origin requests (Fetch standard, section 3.2) for a configured origin. Returns whether the request was a preflight, which
 * needs no further answer. Without configured origins, browsers refuse pages of other origins.
 */
export function applyCors(request: FastifyRequest, reply: FastifyReply, origins: readonly string[]): boolean {
  if (origins.length === 0) return false;
  reply.header("vary", "Origin");
  const origin = headerOf(request, "origin");
  if (origin === undefined || !origins.includes(origin)) return false;
  reply.header("access-control-allow-origin", origin);
  reply.header("access-control-expose-headers", exposed);
  if (request.method !== "OPTIONS" || headerOf(request, "access-control-request-method") === undefined) return false;
  reply.header("access-control-allow-methods", "GET, HEAD, POST, DELETE");
  reply.header(
    "access-control-allow-headers",
    "Authorization, Content-Type, Idempotency-Key, If-None-Match, If-Range, Last-Event-ID, Prefer, Range, Traceparent, Tracestate, X-Pixelmesh-Tenant",
  );
  reply.header("access-control-max-age", "600");
  return true;
}
