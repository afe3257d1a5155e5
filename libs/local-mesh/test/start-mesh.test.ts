import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { connectBus, listServices } from "@pixelmesh/bus";
import { waitUntilServing } from "@pixelmesh/client/processes";
import { createLogger, createMetrics } from "@pixelmesh/telemetry";
import { emptyServiceCommand, sourceFlags } from "@pixelmesh/testing/services";
import { expect, onTestFinished, test, vi } from "vitest";
import { type MeshFacts, readMeshFile } from "../src/data-dir/mesh-file.ts";
import { type Mesh, startMesh } from "../src/index.ts";
import { identify, isRunning } from "../src/processes/process-identity.ts";
import { createDataDir, startSmallMesh } from "./small-mesh.ts";

const factsOf = (mesh: Mesh) => readMeshFile(join(mesh.dataDir, "mesh.json")) as MeshFacts;

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

test("a started mesh serves and lists its processes in mesh.json; a stopped mesh leaves no process", async () => {
  const { mesh, events } = await startSmallMesh();
  const facts = factsOf(mesh);
  expect(facts.pid).toBe(process.pid);
  expect(facts.broker).toEqual(mesh.broker());
  expect(facts.services).toEqual(mesh.processes());
  expect(facts.services.map(({ name }) => name).sort()).toEqual(["ingest", "storage"]);
  expect(mesh.address).toBe(facts.services.find(({ name }) => name === "ingest")!.grpc);
  for (const { health, metrics } of facts.services) {
    await waitUntilServing("127.0.0.1", Number(health.split(":")[1]), { timeoutMs: 1_000 });
    expect((await fetch(metrics)).status).toBe(200);
  }
  const bus = await connectBus({
    natsUrl: mesh.broker().url,
    natsReplicas: 1,
    ackWaitMs: 30_000,
    name: "test",
    log: createLogger({ service: "test", level: "silent" }),
    metrics: createMetrics("test", "0"),
  });
  const announced = await listServices(bus);
  await bus.close();
  expect(announced.map(({ service, grpcAddress }) => [service, grpcAddress])).toEqual(
    [...facts.services].sort((a, b) => (a.name < b.name ? -1 : 1)).map(({ name, grpc }) => [name, grpc]),
  );
  expect(events).toContainEqual({ kind: "error", name: "ingest", text: "an error to be shown: deep inside" });

  await mesh.stop();
  const stoppedAt = (name: "ingest" | "storage") =>
    Number(/"stopped":(\d+)/.exec(readFileSync(mesh.logPath(name), "utf8"))?.[1]);
  expect(stoppedAt("ingest")).toBeLessThan(stoppedAt("storage"));
  expect([facts.broker.pid, ...facts.services.map(({ pid }) => pid)].filter(isAlive)).toEqual([]);
  expect(existsSync(join(mesh.dataDir, "mesh.json"))).toBe(false);
});

test("a killed service or broker restarts at the same address and is reported", async () => {
  const { mesh, events } = await startSmallMesh();
  const before = factsOf(mesh);
  mesh.kill("storage", "SIGKILL");
  mesh.kill("broker", "SIGKILL");
  await vi.waitFor(() => expect(events.filter(({ kind }) => kind === "restarted")).toHaveLength(2), {
    timeout: 10_000,
  });
  expect(events).toContainEqual({ kind: "restarted", name: "storage", why: "signal SIGKILL", attempt: 2 });
  const after = factsOf(mesh);
  expect(after.broker.url).toBe(before.broker.url);
  expect(after.broker.pid).not.toBe(before.broker.pid);
  const storage = (facts: MeshFacts) => facts.services.find(({ name }) => name === "storage")!;
  expect(storage(after).grpc).toBe(storage(before).grpc);
  expect(storage(after).pid).not.toBe(storage(before).pid);
  await waitUntilServing("127.0.0.1", Number(storage(after).health.split(":")[1]), { timeoutMs: 15_000 });
});

test("a data directory belongs to one mesh at a time; the mesh.json of a dead mesh is ignored", async () => {
  const { mesh } = await startSmallMesh();
  const again = startMesh({ dataDir: mesh.dataDir, ports: "free", env: process.env, command: emptyServiceCommand });
  await expect(again).rejects.toThrow(`a mesh (process ${process.pid}) runs on it`);
  expect(factsOf(mesh).pid).toBe(process.pid);

  const dataDir = createDataDir();
  const gone = spawn(process.execPath, ["-e", ""]);
  await once(gone, "exit");
  writeFileSync(
    join(dataDir, "mesh.json"),
    JSON.stringify({ version: "0", pid: gone.pid, broker: { url: "", pid: gone.pid }, services: [] }),
  );
  const { mesh: second } = await startSmallMesh({ dataDir, services: ["ingest"] });
  expect(factsOf(second).pid).toBe(process.pid);
});

test("a service that ends before it serves fails the start with the end of its log; no process is left", async () => {
  const dataDir = createDataDir();
  const started: number[] = [];
  const starting = startSmallMesh({
    dataDir,
    env: { ...process.env, TEST_CRASH: "storage" },
    onEvent: (event) => event.kind === "broker" && started.push(event.pid),
  });
  await expect(starting).rejects.toThrow(/storage ended before it served \(exit 1\)[\s\S]*crashed on purpose/);
  expect(started.filter(isAlive)).toEqual([]);
  expect(existsSync(join(dataDir, "mesh.json"))).toBe(false);
});

test("a service that ends fails the start also while the broker starts, which may take longer; no process is left", async () => {
  const dataDir = createDataDir();
  const pidFile = join(dataDir, "slow-broker.pid");
  const slowBroker = join(dataDir, "slow-broker");
  const [version, wait] = [`[ "$1" = --version ] && echo 2.9.10 && exit`, `echo $$ >${pidFile}; exec sleep 600`];
  writeFileSync(slowBroker, ["#!/bin/sh", version, wait, ""].join("\n"), { mode: 0o755 });
  const env = { ...process.env, TEST_CRASH: "storage", PIXELMESH_NATS_SERVER: slowBroker };
  await expect(startSmallMesh({ dataDir, env })).rejects.toThrow("storage ended before it served (exit 1)");
  expect(isAlive(Number(readFileSync(pidFile, "utf8")))).toBe(false);
});

test("the error for a taken port names the variable that sets another", async () => {
  const other = createServer().listen(0, "127.0.0.1");
  await once(other, "listening");
  onTestFinished(() => void other.close());
  const { port } = other.address() as { port: number };
  const starting = startSmallMesh({
    ports: "fixed",
    services: ["storage"],
    env: { ...process.env, PIXELMESH_STORAGE_HEALTH_PORT: String(port) },
  });
  await expect(starting).rejects.toThrow(`${port} (storage, health; set by PIXELMESH_STORAGE_HEALTH_PORT)`);
});

test("a service that does not stop within the grace is killed", async () => {
  const { mesh } = await startSmallMesh({ services: ["ingest"], env: { ...process.env, TEST_STUCK: "ingest" } });
  const { services } = factsOf(mesh);
  const beginMs = performance.now();
  await mesh.stop(5_000);
  expect(performance.now() - beginMs).toBeLessThan(15_000);
  expect(services.map(({ pid }) => pid).filter(isAlive)).toEqual([]);
});

/** Starts a mesh whose supervisor is a separate process, so that a test can kill it. */
async function startSupervisor(dataDir: string) {
  const supervisor = spawn(
    process.execPath,
    [...sourceFlags, fileURLToPath(new URL("supervisor.ts", import.meta.url)), dataDir],
    {
      stdio: ["ignore", "pipe", "inherit"],
    },
  );
  onTestFinished(() => void supervisor.kill("SIGKILL"));
  const [ready] = await Promise.race([once(supervisor.stdout, "data"), once(supervisor, "exit")]);
  expect(String(ready)).toBe("ready\n");
  return { supervisor, facts: readMeshFile(join(dataDir, "mesh.json")) as MeshFacts };
}

test("no process outlives its supervisor, even if that is killed", async () => {
  const dataDir = createDataDir();
  const { supervisor, facts } = await startSupervisor(dataDir);
  const pids = [facts.broker.pid, ...facts.services.map(({ pid }) => pid)];
  expect(pids.every(isAlive)).toBe(true);
  supervisor.kill("SIGKILL");
  await vi.waitFor(() => expect(pids.filter(isAlive)).toEqual([]), { timeout: 15_000 });
});

test.each(["mesh.json", "no mesh.json", "an empty mesh.json"])(
  "a broker that outlives its supervisor is killed before another one starts, with %s",
  async (left) => {
    const dataDir = createDataDir();
    const { supervisor, facts } = await startSupervisor(dataDir);
    // A stopped process ignores SIGTERM, like one that hangs.
    const old = identify(facts.broker.pid);
    process.kill(old.pid, "SIGSTOP");
    onTestFinished(() => {
      if (isRunning(old)) process.kill(old.pid, "SIGKILL");
    });
    supervisor.kill("SIGKILL");
    await once(supervisor, "exit");
    if (left === "no mesh.json") rmSync(join(dataDir, "mesh.json"));
    if (left === "an empty mesh.json") writeFileSync(join(dataDir, "mesh.json"), "");
    let isLeft: boolean | undefined;
    const { mesh } = await startSmallMesh({
      dataDir,
      services: ["ingest"],
      onEvent(event) {
        if (event.kind === "broker") isLeft = isRunning(old);
      },
    });
    expect(isLeft).toBe(false);
    expect(mesh.broker().pid).not.toBe(old.pid);
  },
);

test("a broker that ignores SIGTERM is killed by its guard when its supervisor dies", async () => {
  const { supervisor, facts } = await startSupervisor(createDataDir());
  const broker = identify(facts.broker.pid);
  process.kill(broker.pid, "SIGSTOP");
  supervisor.kill("SIGKILL");
  await vi.waitFor(() => expect(isRunning(broker)).toBe(false), { timeout: 60_000, interval: 200 });
});

test.each(["an earlier release", "this release"])(
  "a stale mesh.json of %s is ignored when its process ids belong to other programs",
  async (release) => {
    const dataDir = createDataDir();
    const other = spawn(process.execPath, ["-e", "setTimeout(() => {}, 600_000)"]);
    onTestFinished(() => void other.kill("SIGKILL"));
    const service = { name: "ingest", pid: other.pid, grpc: "", health: "", metrics: "" };
    const facts = { version: "0", pid: other.pid, broker: { url: "", pid: other.pid }, services: [service] };
    const startedAs = release === "this release" ? { startedAs: { [other.pid!]: "a boot before 1234" } } : {};
    writeFileSync(join(dataDir, "mesh.json"), JSON.stringify({ ...facts, ...startedAs }));
    const beginMs = performance.now();
    const { mesh } = await startSmallMesh({ dataDir, services: ["ingest"] });
    expect(factsOf(mesh).pid).toBe(process.pid);
    // The other program is neither waited for nor signalled.
    expect(performance.now() - beginMs).toBeLessThan(15_000);
    expect(isAlive(other.pid!)).toBe(true);
  },
);

test("of two meshes that start at once on the directory of a dead mesh, exactly one runs", async () => {
  const dataDir = createDataDir();
  const { supervisor } = await startSupervisor(dataDir);
  supervisor.kill("SIGKILL");
  await once(supervisor, "exit");
  const options = { dataDir, services: ["ingest"] as const };
  const outcomes = await Promise.allSettled([startSmallMesh(options), startSmallMesh(options)]);
  expect(outcomes.map(({ status }) => status).sort()).toEqual(["fulfilled", "rejected"]);
  const refused = outcomes.find(({ status }) => status === "rejected") as PromiseRejectedResult;
  expect(refused.reason).toMatchObject({ reason: "SERVICE_UNAVAILABLE" });
});
