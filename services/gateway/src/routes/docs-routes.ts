import { reasons, reasonTable } from "@pixelmesh/errors";
import { httpStatusOf } from "../domain/http-status.ts";
import { docsStyle, toDocsPage } from "../openapi/docs-page.ts";
import { toOpenApi } from "../openapi/document.ts";
import { pathValue, type Route } from "./route.ts";

/** The routes that describe the others: the OpenAPI document, a page of it, and what each reason of a problem means. */
export function docsRoutes(routes: readonly Route[]): Route[] {
  let document: string | undefined;
  const file = (path: string, type: string, text: () => string): Route => ({
    method: "GET",
    path,
    id: path,
    tag: "Docs",
    summary: "A file that describes the API",
    isInternal: true,
    responses: { 200: { description: "The file" } },
    handle: async (_request, reply) => reply.header("cache-control", "no-cache").type(type).send(text()),
  });
  return [
    file("/openapi.json", "application/json; charset=utf-8", () => {
      document ??= JSON.stringify(toOpenApi(routes));
      return document;
    }),
    file("/docs", "text/html; charset=utf-8", () => toDocsPage(routes)),
    file("/docs.css", "text/css; charset=utf-8", () => docsStyle),
    {
      ...file("/errors/{reason}", "text/plain; charset=utf-8", () => ""),
      async handle(request, reply) {
        const reason = reasons.find((each) => each === pathValue(request, "reason"));
        if (!reason) return reply.callNotFound();
        return reply
          .type("text/plain; charset=utf-8")
          .send(`${reason} (${httpStatusOf(reason)})\n\n${reasonTable[reason].help}\n`);
      },
    },
  ];
}
