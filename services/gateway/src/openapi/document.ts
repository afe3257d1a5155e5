import { version } from "@pixelmesh/roles";
import type { Parameter, Schema } from "../domain/parameter.ts";
import { problemType } from "../domain/problem.ts";
import type { ResponseDoc, Route } from "../routes/route.ts";
import { componentSchemas } from "./components.ts";

/** Parts of an OpenAPI document that the gateway uses. */
export type OpenApiDocument = {
  readonly openapi: "3.1.0";
  readonly paths: Readonly<Record<string, Readonly<Record<string, unknown>>>>;
  readonly components: { readonly schemas: Readonly<Record<string, Schema>> } & Readonly<Record<string, unknown>>;
} & Readonly<Record<string, unknown>>;

/** Returns the OpenAPI 3.1 document of the routes. */
export function toOpenApi(routes: readonly Route[]): OpenApiDocument {
  const shown = routes.filter(({ isInternal }) => !isInternal);
  const paths: Record<string, Record<string, unknown>> = {};
  for (const route of shown) {
    const operations = paths[route.path] ?? {};
    paths[route.path] = operations;
    operations[route.method.toLowerCase()] = toOperation(route);
  }
  return {
    openapi: "3.1.0",
    info: {
      title: "Pixelmesh",
      version,
      description:
        "Upscales pictures, removes backgrounds and applies effects, with durable jobs. `Authorization: Bearer TOKEN` is needed where the mesh has tokens; `X-Pixelmesh-Tenant` names the tenant.",
      license: { name: "Apache-2.0", identifier: "Apache-2.0" },
    },
    servers: [{ url: "/" }],
    tags: [...new Set(shown.map(({ tag }) => tag))].map((name) => ({ name })),
    security: [{}, { token: [] }],
    paths,
    components: {
      securitySchemes: { token: { type: "http", scheme: "bearer" } },
      parameters: {
        tenant: toParameter("X-Pixelmesh-Tenant", "header", {
          description: "The tenant; `default` if left out.",
          schema: { type: "string" },
        }),
      },
      schemas: componentSchemas(),
    },
  };
}

function toOperation(route: Route): object {
  const { id, tag, summary, description, parameters = {}, query = {}, headers = {}, body, responses } = route;
  const failure: ResponseDoc = {
    description: "A problem document (RFC 9457)",
    content: { [problemType]: { schema: { $ref: "#/components/schemas/Problem" } } },
  };
  return {
    operationId: id,
    tags: [tag],
    summary,
    ...(description === undefined ? {} : { description }),
    parameters: [
      ...Object.entries(parameters).map(([name, parameter]) => ({
        ...toParameter(name, "path", parameter),
        required: true,
      })),
      ...Object.entries(query).map(([name, parameter]) => toParameter(name, "query", parameter)),
      ...Object.entries(headers).map(([name, parameter]) => toParameter(name, "header", parameter)),
      { $ref: "#/components/parameters/tenant" },
    ],
    ...(body === undefined ? {} : { requestBody: { content: body } }),
    responses: Object.fromEntries([
      ...Object.entries(responses).map(([status, response]) => [status, toResponse(response)]),
      ["default", toResponse(failure)],
    ]),
  };
}

function toParameter(name: string, where: string, { description, schema, isRepeated }: Parameter): object {
  return { name, in: where, description, schema: isRepeated ? { type: "array", items: schema } : schema };
}

function toResponse({ description, content, headers = {} }: ResponseDoc): object {
  const described = Object.entries(headers).map(([name, text]) => [
    name,
    { description: text, schema: { type: "string" } },
  ]);
  return {
    description,
    ...(content === undefined ? {} : { content }),
    ...(described.length > 0 ? { headers: Object.fromEntries(described) } : {}),
  };
}
