import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import * as contracts from "@pixelmesh/proto";
import { jobRoles } from "@pixelmesh/roles";
import { connectRpc, HealthDefinition, type RpcConnection } from "@pixelmesh/rpc";
import { startTestMesh, type TestMesh } from "@pixelmesh/testing";
import { afterAll, beforeAll, expect, onTestFinished, test } from "vitest";

type Definition = typeof contracts.StorageServiceDefinition;
type Method = Definition["methods"][keyof Definition["methods"]];

/** Every service of the generated code: a service that is added to the contracts is tested without a change here. */
const generated = Object.values(contracts).filter(
  (it): it is Definition => typeof it === "object" && "fullName" in it && "methods" in it,
);
/** One process of the mesh serves each service, and ingest passes calls of these on to it; all processes serve health. */
const forwarded: ReadonlySet<string> = new Set([
  contracts.EffectsServiceDefinition.fullName,
  contracts.UpscaleServiceDefinition.fullName,
  contracts.BackgroundServiceDefinition.fullName,
]);
const health = HealthDefinition as unknown as Definition;
const services = [...generated, health];

const kinds: readonly (readonly [string, Uint8Array])[] = [
  ["a tag that never ends", Uint8Array.of(0xff, 0xff, 0xff)],
  ["a field that is cut off", Uint8Array.of(0x0a, 0x7f, 0x01, 0x02)],
  ["a wire type that is none", Uint8Array.of(0x0f, 0x00)],
  ["a picture", Buffer.concat([Uint8Array.of(0x89), Buffer.from("PNG\r\n\x1a\n"), Buffer.alloc(100_000, 0xfe)])],
];

/** The definition of a service whose every request is encoded as `bytes`. */
function toGarbage(definition: Definition, bytes: Uint8Array): Definition {
  const requestType = { encode: () => ({ finish: () => bytes }), decode: () => ({}), fromPartial: () => ({}) };
  const methods = Object.entries(definition.methods).map(([name, method]) => [name, { ...method, requestType }]);
  return { ...definition, methods: Object.fromEntries(methods) } as unknown as Definition;
}

/** Calls a method of any kind. Resolves with the reason of its failure, or "none" where it has none. */
async function call(connection: RpcConnection, definition: Definition, name: string): Promise<string> {
  const { requestStream, responseStream } = definition.methods[name as keyof Definition["methods"]] as Method;
  const client = connection.client(definition) as unknown as Record<string, (request: unknown) => unknown>;
  async function* requests() {
    yield {};
    yield {};
  }
  try {
    const answer = client[name]?.(requestStream ? requests() : {});
    if (responseStream) await Array.fromAsync(answer as AsyncIterable<unknown>);
    else await answer;
    return "none";
  } catch (error) {
    return (error as { reason?: string }).reason ?? String(error);
  }
}

const manifestDir = mkdtempSync(join(tmpdir(), "pixelmesh-malformed-"));
let mesh: TestMesh;
beforeAll(async () => {
  // Without a manifest of hosted models a mesh has no remote service.
  const manifest = join(manifestDir, "models.json");
  const provider = { name: "none", kind: "openai", baseUrl: "https://provider.invalid/v1" };
  writeFileSync(manifest, JSON.stringify({ version: 1, currency: "USD", providers: [provider], models: [] }));
  mesh = await startTestMesh({
    services: [...jobRoles, "remote"],
    env: { PIXELMESH_REMOTE_MANIFEST: manifest },
  });
});
afterAll(async () => {
  await mesh?.[Symbol.asyncDispose]();
  rmSync(manifestDir, { recursive: true, force: true });
});

async function countRefused(): Promise<Map<string, number>> {
  const counts = new Map<string, number>();
  for (const { metrics } of mesh.processes()) {
    const page = await (await fetch(metrics)).text();
    const pattern =
      /^pixelmesh_refused_requests_total\{rpc_method="([^"]*)",reason="MALFORMED_MESSAGE"[^}]*\} (\d+)$/gm;
    for (const [, method = "", count] of page.matchAll(pattern))
      counts.set(method, (counts.get(method) ?? 0) + Number(count));
  }
  return counts;
}

test("bytes that do not decode are refused with a reason and counted, on every rpc of every service, and disturb no work", async () => {
  expect(generated.length).toBeGreaterThanOrEqual(8);
  const pids = mesh.processes().map(({ pid }) => pid);
  const before = await countRefused();
  const calls = new Map<string, number>();
  for (const { grpc } of mesh.processes()) {
    const connection = connectRpc(grpc, { timeoutMs: 20_000 });
    onTestFinished(connection.close);
    for (const definition of services) {
      for (const [what, bytes] of kinds) {
        for (const name of Object.keys(definition.methods)) {
          const reason = await call(connection, toGarbage(definition, bytes), name);
          const where = `${definition.fullName}/${definition.methods[name as keyof Definition["methods"]].name}`;
          expect(["MALFORMED_MESSAGE", "METHOD_UNIMPLEMENTED"], `${where}, ${what}`).toContain(reason);
          if (reason === "MALFORMED_MESSAGE") calls.set(where, (calls.get(where) ?? 0) + 1);
        }
      }
    }
  }
  // Each kind was refused at every service.
  const expected = services.flatMap(({ fullName, methods }) => {
    const places = fullName === health.fullName ? mesh.processes().length : forwarded.has(fullName) ? 2 : 1;
    return Object.values(methods).map(({ name }) => [`${fullName}/${name}`, kinds.length * places] as const);
  });
  expect(Object.fromEntries(calls)).toEqual(Object.fromEntries(expected));
  const after = await countRefused();
  for (const [name, count] of expected) expect((after.get(name) ?? 0) - (before.get(name) ?? 0), name).toBe(count);

  expect(mesh.processes().map(({ pid }) => pid)).toEqual(pids);
  expect(mesh.events().filter(({ kind }) => kind === "restarted" || kind === "error")).toEqual([]);
  expect((await mesh.client.cluster()).services).toHaveLength(pids.length);
  expect((await mesh.client.effects()).length).toBeGreaterThan(0);
});
