import { AppError, toAppError } from "@pixelmesh/errors";
import { type Logger, traceIds } from "@pixelmesh/telemetry";
import type { FastifyReply, FastifyRequest } from "fastify";
import { problemType, toProblem } from "../domain/problem.ts";
import { toNamedFailure } from "../rpc/ingest-failure.ts";
import { scopeOf } from "./request-scope.ts";
import { StatusError } from "./status-error.ts";

/** Sends an error as a problem document (RFC 9457), with the status of its reason unless it has another. The cause of an INTERNAL is logged and never sent. */
export function sendProblem(request: FastifyRequest, reply: FastifyReply, thrown: unknown, log: Logger): void {
  const { error, status } = toHttpError(thrown);
  const { logFields } = scopeOf(request);
  logFields.reason = error.reason;
  if (error.reason === "INTERNAL") log.error({ err: thrown }, "a request failed");
  const problem = toProblem(error, { jobId: logFields.jobId, traceId: traceIds().traceId }, status);
  if (error.retryAfterMs !== undefined) reply.header("retry-after", String(Math.ceil(error.retryAfterMs / 1000)));
  if (problem.status === 401) reply.header("www-authenticate", "Bearer");
  reply.code(problem.status).type(problemType).send(JSON.stringify(problem));
}

/** Converts what a handler or Fastify threw. Fastify's own errors are about the form of the request. */
function toHttpError(thrown: unknown): { readonly error: AppError; readonly status?: number } {
  if (thrown instanceof AppError) return { error: toNamedFailure(thrown) };
  if (thrown instanceof StatusError) return thrown;
  const { statusCode, code, message } = thrown as { statusCode?: number; code?: string; message?: string };
  if (typeof code !== "string" || !code.startsWith("FST_") || statusCode === undefined || statusCode >= 500)
    return { error: toAppError(thrown) };
  if (statusCode === 413)
    return { error: new AppError("REQUEST_TOO_LARGE", "The body is larger than this route takes") };
  return { error: new AppError("INVALID_ARGUMENT", message ?? "The request is malformed"), status: statusCode };
}
