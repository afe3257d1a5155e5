import type { FastifyReply, FastifyRequest } from "fastify";
import type { Parameter, Schema } from "../domain/parameter.ts";

/** A body of a request or of a response, by its media type. */
export type Content = Readonly<Record<string, { readonly schema?: Schema; readonly example?: unknown }>>;

/** A response of a route. */
export type ResponseDoc = {
  readonly description: string;
  readonly content?: Content;
  readonly headers?: Readonly<Record<string, string>>;
};

/** One route: what it takes and answers, from which the OpenAPI document is made, and its handler. */
export type Route = {
  readonly method: "GET" | "POST" | "DELETE";
  /** Path template as OpenAPI writes it, such as `/v1/jobs/{id}`. */
  readonly path: string;
  /** Unique id of the operation. */
  readonly id: string;
  readonly tag: string;
  readonly summary: string;
  readonly description?: string;
  /** Parameters of the path, by the names in the template. */
  readonly parameters?: Readonly<Record<string, Parameter>>;
  readonly query?: Readonly<Record<string, Parameter>>;
  /** Request headers that this route reads besides those of every route. */
  readonly headers?: Readonly<Record<string, Parameter>>;
  readonly body?: Content;
  readonly responses: Readonly<Record<number, ResponseDoc>>;
  /** Whether it is left out of the OpenAPI document: files of pages. */
  readonly isInternal?: boolean;
  /** Most bytes of a body of JSON; 1 MiB if left out. */
  readonly maxJsonBytes?: number;
  /** Whether the response lasts until one side ends it. */
  readonly isEventStream?: boolean;
  /** Handles the request: returns what is sent as JSON, or sends the response itself and returns `reply`. */
  handle(request: FastifyRequest, reply: FastifyReply): Promise<unknown>;
};

/** Returns a path template as Fastify writes it: `{id}` becomes `:id`, a colon `::`. A parameter before a colon ends there. */
export function toFastifyPath(path: string): string {
  return path
    .replaceAll(":", "::")
    .replace(/\{(\w+)\}::/g, ":$1(^[^:]+)::")
    .replace(/\{(\w+)\}/g, ":$1");
}

/** Returns a parameter of the path. */
export function pathValue(request: FastifyRequest, name: string): string {
  return (request.params as Record<string, string>)[name] ?? "";
}

/** A response with JSON of a schema. */
export function jsonResponse(description: string, schema: Schema): ResponseDoc {
  return { description, content: { "application/json": { schema } } };
}

/** A reference to a schema of the document's components. */
export function ref(name: string): Schema {
  return { $ref: `#/components/schemas/${name}` };
}
