import { reasons } from "@pixelmesh/errors";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type CallOptions, type OpenApiContract, openContract } from "./openapi-contract.ts";
import { type GatewayMesh, picture, startGateway } from "./start-gateway.ts";

type Parameter = {
  readonly name: string;
  readonly in: string;
  readonly schema: { readonly type?: string; readonly enum?: readonly string[] };
};

/** One operation of the OpenAPI document. */
type Operation = {
  readonly id: string;
  readonly method: string;
  readonly path: string;
  readonly query: readonly Parameter[];
  readonly bodies: readonly string[];
};

let gateway: GatewayMesh;
let contract: OpenApiContract;
let operations: Operation[];

beforeAll(async () => {
  gateway = await startGateway();
  contract = await openContract(gateway.url);
  operations = Object.entries(contract.document.paths as Record<string, Record<string, never>>).flatMap(
    ([path, methods]) =>
      Object.entries(methods).map(([method, { operationId, parameters, requestBody }]): Operation => {
        const query = (parameters as Parameter[]).filter((parameter) => parameter.in === "query");
        const bodies = Object.keys((requestBody as { content?: object } | undefined)?.content ?? {});
        return { id: operationId, method: method.toUpperCase(), path, query, bodies };
      }),
  );
  expect(operations.length).toBeGreaterThan(30);
}, 120_000);
afterAll(() => gateway?.[Symbol.asyncDispose]());

/** The path of an operation on something that there is not. */
const missing = ({ path }: Operation) => path.replace("{sequence}", "999999").replace(/\{\w+\}/g, "none");
/** A picture, where an operation takes one. */
const withPicture = ({ bodies }: Operation): Pick<CallOptions, "body"> =>
  bodies.includes("image/*") ? { body: picture } : {};

/** Values of the query that make a request complete. */
const wanted: Readonly<Record<string, string>> = { scale: "2", max_side: "50", effect: "sepia", name: "comic" };

/** Calls an operation that must fail with this status, and checks the problem document against the contract. */
async function fails(operation: Operation, path: string, options: CallOptions & { readonly status: number }) {
  const { value } = await contract.call(operation.method, path, options);
  expect(value, `${operation.method} ${path}`).toMatchObject({
    type: `/errors/${value.reason}`,
    status: options.status,
  });
  return value;
}

describe("every operation answers as a problem document of the contract", () => {
  test("what is not there is 404", async () => {
    // A dead letter that is gone is deleted already.
    const named = operations.filter(({ path, id }) => path.includes("{") && id !== "dropDeadLetter");
    expect(named.length).toBeGreaterThan(12);
    for (const operation of named) {
      const body = operation.bodies.includes("application/json") ? { body: {} } : {};
      const { reason } = await fails(operation, missing(operation), { status: 404, ...body });
      expect(reason, operation.id).toMatch(/^(JOB|BATCH|CALLBACK|DEAD_LETTER)_NOT_FOUND$|^UNKNOWN_MODEL$/);
    }
  });

  test("a name of the query that it does not take is 400", async () => {
    const asked = operations.filter(({ query }) => query.length > 0);
    expect(asked.length).toBeGreaterThan(10);
    for (const operation of asked) {
      const { detail } = await fails(operation, `${missing(operation)}?no_such_name=1`, {
        status: 400,
        ...withPicture(operation),
      });
      expect(detail, operation.id).toContain("got `no_such_name`");
    }
  });

  test("a value of the query in another form is 400, and the problem names it", async () => {
    let count = 0;
    for (const operation of operations)
      for (const { name, schema } of operation.query) {
        if (schema.enum === undefined && schema.type !== "integer" && schema.type !== "number") continue;
        count += 1;
        const { detail } = await fails(operation, `${missing(operation)}?${name}=no-such-value`, {
          status: 400,
          ...withPicture(operation),
        });
        expect(detail, `${operation.id} ${name}`).toMatch(new RegExp(`${name}|no-such-value`));
      }
    expect(count).toBeGreaterThan(20);
  });

  test("a body that is no JSON, no object, or has an unknown member is 400", async () => {
    const taking = operations.filter(({ bodies }) => bodies.includes("application/json"));
    expect(taking.length).toBeGreaterThan(4);
    for (const operation of taking)
      for (const body of ["{", "[]", '{"noSuchMember": 1}'])
        await fails(operation, missing(operation), { status: 400, body });
  });

  test("a picture that is missing or of another type is refused", async () => {
    const taking = operations.filter(({ bodies }) => bodies.includes("image/*"));
    expect(taking.length).toBeGreaterThan(6);
    for (const operation of taking) {
      // What the operation asks for, so that only the picture is wrong.
      const asks = ["scale", "max_side", "effect", "name"].filter((name) =>
        operation.query.some((each) => each.name === name),
      );
      const path = `${operation.path}?${asks.map((name) => `${name}=${wanted[name]}`).join("&")}`;
      const empty = await fails(operation, path, { status: 422, headers: { "content-type": "image/png" } });
      expect(empty.reason, operation.id).toBe("IMAGE_EMPTY");
      const other = await fails(operation, path, { status: 415, body: Buffer.from("This is no picture") });
      expect(other.reason, operation.id).toBe("IMAGE_TYPE_UNSUPPORTED");
    }
  });
});

test("a method that a path does not have is 405 with those that it has", async () => {
  for (const path of new Set(operations.map((operation) => operation.path))) {
    const response = await fetch(`${gateway.url}${path.replace(/\{\w+\}/g, "none")}`, { method: "PATCH" });
    expect(response.status, path).toBe(405);
    const methods = operations.filter((operation) => operation.path === path).map(({ method }) => method);
    const allowed = response.headers.get("allow")?.split(", ") ?? [];
    expect(allowed, path).toEqual(expect.arrayContaining(methods));
    await response.arrayBuffer();
  }
});

test("the type of every problem leads to what its reason means", async () => {
  for (const reason of reasons) {
    const response = await fetch(`${gateway.url}/errors/${reason}`);
    expect([response.status, (await response.text()).startsWith(`${reason} (`)], reason).toEqual([200, true]);
  }
});
