import { AppError } from "@pixelmesh/errors";
import type { Logger, Metrics } from "@pixelmesh/telemetry";
import { type FastifyInstance, type FastifyRequest, fastify } from "fastify";
import type { GatewayConfig } from "../config.ts";
import { type Route, toFastifyPath } from "../routes/route.ts";
import { applyCors } from "./cors.ts";
import { createObserver } from "./observe.ts";
import { createRateLimit } from "./rate-limit.ts";
import { headerOf, openScope, scopeOf } from "./request-scope.ts";
import { securityHeaders } from "./security-headers.ts";
import { sendProblem } from "./send-problem.ts";
import { loadHttpTls } from "./tls.ts";
import { sendUnknownRoute } from "./unknown-route.ts";

/** A listening HTTP server. */
export type HttpServer = {
  readonly port: number;
  /** Takes no further connections, waits up to `graceMs` for requests in progress, then cancels those that still run. */
  stop(graceMs: number): Promise<void>;
};

/** Options of the HTTP server. */
export type HttpOptions = {
  readonly config: GatewayConfig;
  readonly log: Logger;
  readonly metrics: Metrics;
  readonly routes: readonly Route[];
  /** How often the TLS files are checked for changes; default 5 s. */
  readonly tlsCheckMs?: number;
};

/** Most bytes of a body of JSON. */
export const maxJsonBytes = 1024 * 1024;
/** Time for the headers of a request, and for the next request of an idle connection. */
const headersTimeoutMs = 30_000;
const idleMs = 75_000;
/** How long the rest of a refused body is read. */
const lingerMs = 5_000;

/** Starts the HTTP server with trace, log line, metrics, limits, CORS and typed errors around its routes. */
export async function openHttp({ config, log, metrics, routes, tlsCheckMs }: HttpOptions): Promise<HttpServer> {
  const tls = loadHttpTls(config, tlsCheckMs);
  const app = fastify({
    ...(tls ? { https: tls.options } : {}),
    bodyLimit: maxJsonBytes,
    keepAliveTimeout: idleMs,
    routerOptions: { maxParamLength: 256 },
    exposeHeadRoutes: false,
    // A stopping server still answers what reaches it over open connections.
    return503OnClosing: false,
    forceCloseConnections: "idle",
  } as const) as unknown as FastifyInstance;
  app.server.headersTimeout = headersTimeoutMs;
  // Bodies and event streams last; a slow sender is bounded where its body is read.
  app.server.requestTimeout = 0;
  const open = new Set<FastifyRequest>();
  addHooks(app, { config, log, metrics, open });
  // Other bodies are read by their handlers, as streams.
  app.removeAllContentTypeParsers();
  app.addContentTypeParser("application/json", { parseAs: "string" }, parseJson);
  app.addContentTypeParser("*", (_request, _payload, done) => done(null));
  for (const route of routes) addRoute(app, route);
  app.setErrorHandler((error, request, reply) => {
    scopeOf(request).entry.run(() => sendProblem(request, reply, error, log));
  });
  app.setNotFoundHandler((request, reply) => sendUnknownRoute(request, reply, routes, log));
  await app.listen({ host: config.host, port: config.apiPort });
  const unfollow = tls?.follow(app.server, log) ?? (() => {});
  const address = app.server.address();
  return {
    port: typeof address === "object" && address !== null ? address.port : config.apiPort,
    async stop(graceMs) {
      unfollow();
      const timer = setTimeout(() => {
        const reason = new AppError("STOPPING", "This replica is stopping", { retryAfterMs: 500 });
        for (const request of open) scopeOf(request).abort(reason);
        app.server.closeAllConnections();
      }, graceMs);
      await app.close();
      clearTimeout(timer);
    },
  };
}

type HookOptions = Omit<HttpOptions, "routes" | "tlsCheckMs"> & { readonly open: Set<FastifyRequest> };

function addHooks(app: FastifyInstance, { config, log, metrics, open }: HookOptions): void {
  const observe = createObserver(log, metrics);
  const admit = createRateLimit(config.requestsPerSecond);
  app.addHook("onRequest", (request, reply, done) => {
    const scope = openScope(request, reply);
    open.add(request);
    reply.raw.once("finish", () => dropRest(request));
    reply.raw.once("close", () => {
      open.delete(request);
      observe(request, reply);
    });
    scope.entry.run(() => {
      reply.headers({ ...securityHeaders });
      if (applyCors(request, reply, config.corsOrigins)) {
        reply.code(204).send();
        return;
      }
      try {
        if (open.size > config.maxRequests + config.maxEventStreams)
          throw new AppError("QUEUE_FULL", "The gateway has as many requests as it serves at once", {
            retryAfterMs: 1_000,
          });
        admit(headerOf(request, "authorization") ?? request.ip);
      } catch (error) {
        sendProblem(request, reply, error, log);
        return;
      }
      done();
    });
  });
  // Reading a body leaves the context of the request.
  app.addHook("preHandler", (request, _reply, done) => scopeOf(request).entry.run(done));
}

function addRoute(app: FastifyInstance, route: Route): void {
  const { method, path, isEventStream, maxJsonBytes: bodyLimit = maxJsonBytes } = route;
  app.route({
    method,
    url: toFastifyPath(path),
    bodyLimit,
    exposeHeadRoute: method === "GET" && !isEventStream,
    handler: (request, reply) => route.handle(request, reply),
  });
}

/**
 * Reads and drops what is left of the body of an answered request, so that the caller gets the answer and may use the connection again. Closes the
 * connection of one that goes on sending.
 */
function dropRest({ raw }: FastifyRequest): void {
  if (raw.complete) return;
  raw.resume();
  const timer = setTimeout(() => raw.socket.destroy(), lingerMs).unref();
  raw.once("close", () => clearTimeout(timer));
}

function parseJson(
  _request: FastifyRequest,
  body: string | Buffer,
  done: (error: Error | null, body?: unknown) => void,
) {
  try {
    done(null, JSON.parse(String(body)));
  } catch (error) {
    done(new AppError("INVALID_ARGUMENT", `Expected the body to be JSON: ${(error as Error).message}`));
  }
}
