import { Ajv2020 } from "ajv/dist/2020.js";
import { expect } from "vitest";
import { json } from "./start-gateway.ts";

// biome-ignore lint/suspicious/noExplicitAny: an OpenAPI document and answers of many shapes are read by their paths.
type AnyJson = any;

/** A request, and the status that is expected of its answer; default 200. */
export type CallOptions = {
  readonly body?: Uint8Array | object | string;
  readonly headers?: Record<string, string>;
  readonly status?: number;
};

/** The contract of a running gateway: its OpenAPI document, and calls whose answers are checked against it. */
export type OpenApiContract = {
  readonly document: AnyJson;
  /** Ids of the operations that were called. */
  readonly called: ReadonlySet<string>;
  /** Calls a path and checks status, media type and JSON of the answer against the document. Returns the response and its JSON. */
  call(
    method: string,
    path: string,
    options?: CallOptions,
  ): Promise<{ readonly response: Response; readonly bytes: Buffer; readonly value: AnyJson }>;
};

const toPointer = (text: string) => encodeURIComponent(text.replaceAll("~", "~0").replaceAll("/", "~1"));

/** Reads the contract of the gateway at `url`. */
export async function openContract(url: string): Promise<OpenApiContract> {
  const document: AnyJson = await json(fetch(`${url}/openapi.json`));
  const validator = new Ajv2020({ strict: false, validateFormats: false });
  validator.addSchema({ $id: "openapi", ...document });
  const called = new Set<string>();

  /** Finds the operation of the document that a request is of. */
  function operationOf(method: string, path: string) {
    const templates = Object.keys(document.paths).filter((template) => {
      const pattern = template.replace(/[.:]/g, "\\$&").replace(/\{\w+\}/g, "[^/:]+");
      return new RegExp(`^${pattern}$`).test(path) && document.paths[template][method.toLowerCase()];
    });
    expect(templates, `${method} ${path}`).toHaveLength(1);
    const template = templates[0] as string;
    return {
      operation: document.paths[template][method.toLowerCase()],
      pointer: `${toPointer(template)}/${method.toLowerCase()}`,
    };
  }

  return {
    document,
    called,
    async call(method, path, { body, headers = {}, status = 200 } = {}) {
      const isJson = body !== undefined && !(body instanceof Uint8Array);
      const content = typeof body === "string" || !isJson ? (body as string | Uint8Array) : JSON.stringify(body);
      const response = await fetch(`${url}${path}`, {
        method,
        headers: {
          ...(body === undefined ? {} : { "content-type": isJson ? "application/json" : "image/jpeg" }),
          ...headers,
        },
        ...(body === undefined ? {} : { body: content }),
      });
      const bytes = Buffer.from(await response.arrayBuffer());
      expect(response.status, `${method} ${path}: ${bytes.subarray(0, 600)}`).toBe(status);
      const { operation, pointer } = operationOf(method, path.split("?")[0] as string);
      called.add(operation.operationId);
      const key = operation.responses[status] ? String(status) : "default";
      expect(status >= 400 || key !== "default", `${status} of ${operation.operationId} is documented`).toBe(true);
      const described = operation.responses[key].content ?? {};
      const type = (response.headers.get("content-type") ?? "").split(";")[0] as string;
      if (Object.keys(described).length === 0) expect(bytes.length).toBe(0);
      else
        expect(
          Object.keys(described).some((each) => each === type || (each === "image/*" && type.startsWith("image/"))),
          type,
        ).toBe(true);
      if (!type.endsWith("json")) return { response, bytes, value: undefined };
      const value = JSON.parse(String(bytes));
      const check = validator.compile({
        $ref: `openapi#/paths/${pointer}/responses/${key}/content/${toPointer(type)}/schema`,
      });
      const found = `${method} ${path}: ${JSON.stringify(value).slice(0, 600)}`;
      expect(check(value), `${JSON.stringify(check.errors)} in ${found}`).toBe(true);
      return { response, bytes, value };
    },
  };
}
