import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { startedRoles } from "@pixelmesh/roles";
import { startTestMesh, type TestMesh, type TestMeshOptions } from "@pixelmesh/testing";

/** A mesh with its gateway. `await using` stops it. */
export type GatewayMesh = {
  readonly mesh: TestMesh;
  /** Base URL of the gateway; the same after a restart. */
  readonly url: string;
  [Symbol.asyncDispose](): Promise<void>;
};

/** Starts a whole mesh, without hosted models. */
export async function startGateway(options: Omit<TestMeshOptions, "services"> = {}): Promise<GatewayMesh> {
  const mesh = await startTestMesh({ ...options, services: startedRoles({}) });
  const address = mesh.processes().find(({ name }) => name === "gateway")?.grpc ?? "";
  return { mesh, url: `http://${address}`, [Symbol.asyncDispose]: () => mesh[Symbol.asyncDispose]() };
}

/** A real picture: a JPEG of 400 x 480. */
export const picture = readFileSync(fileURLToPath(new URL("../../../examples/portrait-object.jpg", import.meta.url)));

/** Posts a picture. */
export function post(url: string, body: Uint8Array = picture, headers: Record<string, string> = {}): Promise<Response> {
  return fetch(url, { method: "POST", body, headers: { "content-type": "image/jpeg", ...headers } });
}

/** Posts JSON. */
export function postJson(url: string, body: unknown, headers: Record<string, string> = {}): Promise<Response> {
  return fetch(url, {
    method: "POST",
    body: JSON.stringify(body),
    headers: { "content-type": "application/json", ...headers },
  });
}

/** Reads the JSON of a response with any shape. */
// biome-ignore lint/suspicious/noExplicitAny: tests look into answers of many shapes.
export async function json(response: Response | Promise<Response>): Promise<any> {
  return await (await response).json();
}
