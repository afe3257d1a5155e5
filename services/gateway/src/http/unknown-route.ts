import { AppError } from "@pixelmesh/errors";
import type { Logger } from "@pixelmesh/telemetry";
import type { FastifyReply, FastifyRequest } from "fastify";
import type { Route } from "../routes/route.ts";
import { sendProblem } from "./send-problem.ts";
import { StatusError } from "./status-error.ts";

/** Answers a request that matches no route: 405 with `Allow` if its path has routes of other methods (RFC 9110, 15.5.6), else 404. */
export function sendUnknownRoute(
  request: FastifyRequest,
  reply: FastifyReply,
  routes: readonly Route[],
  log: Logger,
): void {
  const path = request.url.split("?")[0] as string;
  const methods = routes.filter((route) => patternOf(route.path).test(path)).map(({ method }) => method as string);
  if (methods.length === 0) {
    const text = `Expected a path of this gateway (see /docs), got \`${path.slice(0, 128)}\``;
    sendProblem(request, reply, new StatusError(404, new AppError("METHOD_UNIMPLEMENTED", text)), log);
    return;
  }
  const allowed = [...new Set(methods.includes("GET") ? [...methods, "HEAD"] : methods)].join(", ");
  reply.header("allow", allowed);
  const text = `Expected the method to be one of ${allowed}, got \`${request.method}\``;
  sendProblem(request, reply, new StatusError(405, new AppError("METHOD_UNIMPLEMENTED", text)), log);
}

/** The paths that a template matches. */
function patternOf(path: string): RegExp {
  return new RegExp(`^${path.replace(/[.*+?^$()|[\]\\]/g, "\\$&").replace(/\{\w+\}/g, "[^/:]+")}$`);
}
