import { once } from "node:events";
import { mkdirSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { join } from "node:path";
import { waitUntilServing } from "@pixelmesh/client/processes";
import type { RoleName } from "@pixelmesh/roles";
import { expect, onTestFinished, test } from "vitest";
import type { Mesh, MeshEvent } from "../src/index.ts";
import { createDataDir, startSmallMesh } from "./small-mesh.ts";

const serviceOf = (mesh: Mesh, wanted: RoleName) => mesh.processes().find(({ name }) => name === wanted)!;
const ofKind = <K extends MeshEvent["kind"]>(events: readonly MeshEvent[], kind: K) =>
  events.filter((event): event is Extract<MeshEvent, { kind: K }> => event.kind === kind);

/** The processes that a debugger sees at an inspector. */
async function listTargets(webSocketUrl: string): Promise<unknown[]> {
  const response = await fetch(new URL("/json/list", webSocketUrl.replace(/^ws:/, "http:")));
  return (await response.json()) as unknown[];
}

test("an inspected service takes debuggers, also after a restart; other services do not", async () => {
  const { mesh, events } = await startSmallMesh({ inspect: new Map([["ingest", 0]]) });
  const inspectors = () => ofKind(events, "inspector");
  expect(inspectors()).toEqual([
    { kind: "inspector", name: "ingest", url: expect.stringMatching(/^ws:\/\/127\.0\.0\.1:/) },
  ]);
  expect(await listTargets(inspectors()[0]!.url)).toMatchObject([
    { type: "node", title: expect.stringContaining("empty-service.ts") },
  ]);

  mesh.kill("ingest", "SIGKILL");
  await expect.poll(inspectors).toHaveLength(2);
  expect(await listTargets(inspectors()[1]!.url)).toHaveLength(1);
});

test("a taken inspector port fails the start", async () => {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  onTestFinished(() => void server.close());
  const { port } = server.address() as { port: number };
  await expect(startSmallMesh({ inspect: new Map([["storage", port]]) })).rejects.toThrow(
    `Expected port ${port} (storage, inspector) to be free`,
  );
});

test("a service restarts when its sources change, and no other service does", async () => {
  const sources = createDataDir();
  for (const name of ["ingest", "storage"]) mkdirSync(join(sources, name));
  const { mesh, events } = await startSmallMesh({ sourceDirs: (name) => [join(sources, name)] });
  const restarts = () => ofKind(events, "restarted");
  const before = mesh.processes();

  const path = join(sources, "storage", "handler.ts");
  for (const times of [1, 2]) {
    const { pid, health } = serviceOf(mesh, "storage");
    writeFileSync(path, `// version ${times}`);
    await expect.poll(restarts).toHaveLength(times);
    expect(serviceOf(mesh, "storage").pid).not.toBe(pid);
    await waitUntilServing("127.0.0.1", Number(health.split(":")[1]), { timeoutMs: 15_000 });
  }

  expect(ofKind(events, "changed")[0]).toEqual({ kind: "changed", paths: [path], count: 1, names: ["storage"] });
  expect(restarts()[0]).toEqual({ kind: "restarted", name: "storage", why: "its sources changed", attempt: 1 });
  expect(serviceOf(mesh, "ingest")).toEqual(before.find(({ name }) => name === "ingest"));
  await mesh.stop();
  writeFileSync(path, "// too late");
  expect(restarts()).toHaveLength(2);
});

test("a changed service that ignores SIGTERM is killed and restarts", async () => {
  const sources = createDataDir();
  const { mesh, events } = await startSmallMesh({
    services: ["ingest"],
    env: { ...process.env, TEST_STUCK: "ingest" },
    sourceDirs: () => [sources],
  });
  const { pid } = serviceOf(mesh, "ingest");
  writeFileSync(join(sources, "x.ts"), "");
  await expect.poll(() => ofKind(events, "restarted"), { timeout: 30_000 }).toHaveLength(1);
  expect(serviceOf(mesh, "ingest").pid).not.toBe(pid);
});

test("a source directory that does not exist fails the start and leaves no process", async () => {
  const events: MeshEvent[] = [];
  const starting = startSmallMesh({ sourceDirs: () => ["/nowhere/at/all"], onEvent: (event) => events.push(event) });
  await expect(starting).rejects.toThrow("Expected /nowhere/at/all to be a directory that can be watched");
  const isAlive = ({ service }: Extract<MeshEvent, { kind: "ready" }>) => {
    try {
      return process.kill(service.pid, 0);
    } catch {
      return false;
    }
  };
  expect(ofKind(events, "ready")).toHaveLength(2);
  expect(ofKind(events, "ready").filter(isAlive)).toEqual([]);
});
