import { expected } from "@pixelmesh/errors";
import type { FastifyRequest } from "fastify";
import type { Route } from "../routes/route.ts";

/** Most characters of the query of a request. */
const maxQueryLength = 16_384;

/** Parses the query of a request. Throws INVALID_ARGUMENT for a name that the route does not take, or one that is given twice and may not be. */
export function parseQuery(request: FastifyRequest, { query = {} }: Pick<Route, "query">): URLSearchParams {
  const mark = request.url.indexOf("?");
  const text = mark < 0 ? "" : request.url.slice(mark + 1);
  if (text.length > maxQueryLength)
    throw expected("query", `of at most ${maxQueryLength} characters`, `${text.length} characters`);
  const values = new URLSearchParams(text);
  assertNames([...values.keys()], query);
  return values;
}

/** Throws INVALID_ARGUMENT for a name that is not one of `known`, or that is given twice and may not be. */
export function assertNames(names: readonly string[], known: NonNullable<Route["query"]>): void {
  const seen = new Set<string>();
  for (const name of names) {
    const parameter = Object.hasOwn(known, name) ? known[name] : undefined;
    if (!parameter) throw expected("query", `made of ${Object.keys(known).join(", ") || "nothing"}`, name);
    if (seen.has(name) && !parameter.isRepeated) throw expected(name, "given once", "several");
    seen.add(name);
  }
}
