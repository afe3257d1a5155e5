import { AppError, expected } from "@pixelmesh/errors";
import { type CallLogFields, openEntry } from "@pixelmesh/telemetry";
import type { FastifyReply, FastifyRequest } from "fastify";
import { type IngestCall, toIngestCall } from "../rpc/call-options.ts";

/** The header that names the tenant; ingest takes it as metadata of the same name. */
export const tenantHeader = "x-pixelmesh-tenant";

/** What belongs to one request from its first byte to its end. */
export type RequestScope = {
  readonly startMs: number;
  readonly logFields: CallLogFields;
  /** Aborted when the caller is gone before the response has been sent. */
  readonly signal: AbortSignal;
  readonly entry: ReturnType<typeof openEntry>;
  /** Ends the work of the request, for example when the gateway stops. */
  abort(reason: AppError): void;
};

const scopes = new WeakMap<FastifyRequest, RequestScope>();

/** Opens the scope of a request: its trace, its tenant, its signal. */
export function openScope(request: FastifyRequest, reply: FastifyReply): RequestScope {
  const gone = new AbortController();
  reply.raw.once("close", () => {
    if (!reply.raw.writableFinished) gone.abort(new AppError("CANCELLED", "The caller closed the connection"));
  });
  const logFields: CallLogFields = {};
  const tenant = headerOf(request, tenantHeader);
  const route = routeOf(request);
  const attributes = { "http.request.method": request.method, "http.route": route };
  const entry = openEntry(
    (name) => headerOf(request, name),
    { name: `${request.method} ${route}`, options: { kind: "server", attributes } },
    { logFields, ...(tenant === undefined ? {} : { tenant }) },
  );
  const scope: RequestScope = {
    startMs: performance.now(),
    logFields,
    signal: gone.signal,
    entry,
    abort: (reason) => gone.abort(reason),
  };
  scopes.set(request, scope);
  return scope;
}

/** Returns the scope of a request. */
export function scopeOf(request: FastifyRequest): RequestScope {
  const scope = scopes.get(request);
  if (!scope) throw new TypeError("Every request has a scope");
  return scope;
}

/** Returns the path pattern of the request's route; `unknown` where no route matches. Paths of callers never become labels. */
export function routeOf(request: FastifyRequest): string {
  return request.routeOptions.url ?? "unknown";
}

/** Returns a header that is given once; undefined otherwise. */
export function headerOf(request: FastifyRequest, name: string): string | undefined {
  const value = request.headers[name];
  return typeof value === "string" ? value : undefined;
}

/** Returns the options of calls of ingest for a request. Throws UNAUTHENTICATED or INVALID_ARGUMENT for headers that gRPC cannot carry. */
export function ingestCallOf(request: FastifyRequest, signal = scopeOf(request).signal): IngestCall {
  const authorization = headerOf(request, "authorization");
  const isPlain = (text: string) => /^[\x20-\x7e]*$/.test(text);
  if (authorization !== undefined && !isPlain(authorization))
    throw new AppError("UNAUTHENTICATED", "Expected a token of ASCII characters as `Authorization: Bearer TOKEN`");
  const tenant = headerOf(request, tenantHeader);
  if (tenant !== undefined && !isPlain(tenant)) throw expected(tenantHeader, "of ASCII characters", tenant);
  return toIngestCall(authorization, signal);
}
