import type { Logger, Metrics } from "@pixelmesh/telemetry";
import type { FastifyReply, FastifyRequest } from "fastify";
import { routeOf, scopeOf } from "./request-scope.ts";

/** Counts, logs and traces the end of each request. */
export type Observer = (request: FastifyRequest, reply: FastifyReply) => void;

/** Creates the observer: one log line for each request, as for a gRPC call, its duration by route and status, and the end of its span. */
export function createObserver(log: Logger, metrics: Metrics): Observer {
  return (request, reply) => {
    const { startMs, logFields, entry, signal } = scopeOf(request);
    const seconds = (performance.now() - startMs) / 1000;
    const route = routeOf(request);
    // 499 as proxies log it: the caller left before the answer.
    const status = signal.aborted && !reply.raw.writableFinished ? 499 : reply.statusCode;
    entry.run(() => {
      metrics.observe(
        "http_server_request_duration_seconds",
        { http_request_method: request.method, http_route: route, http_response_status_code: String(status) },
        seconds,
      );
      const ms = Math.round(seconds * 1e4) / 10;
      log.info({ method: `${request.method} ${route}`, status, ms, ...logFields }, "call");
    });
    entry.span.set({ "http.response.status_code": status });
    if (status >= 500) entry.span.fail(logFields.reason ?? String(status));
    entry.span.end();
  };
}
