import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { connectBus, listServices } from "@pixelmesh/bus";
import { waitUntilServing } from "@pixelmesh/client";
import { createLogger, createMetrics } from "@pixelmesh/telemetry";
import { expect, onTestFinished, test, vi } from "vitest";
import { type Mesh, type MeshEvent, type MeshOptions, startMesh } from "../src/index.ts";
import { type MeshFacts, readMeshFile } from "../src/mesh-file.ts";
import { identify, isRunning } from "../src/process-identity.ts";
import { emptyServiceCommand, sourceFlags } from "./empty-service-command.ts";

function createDataDir(): string {
  const dataDir = mkdtempSync(join(tmpdir(), "pixelmesh-test-"));
  onTestFinished(() => rmSync(dataDir, { recursive: true, force: true }));
  return dataDir;
}

/** Two empty services and a broker: what every mesh has of processes, without their work. */
async function startSmallMesh(options: Partial<MeshOptions> = {}) {
  const events: MeshEvent[] = [];
  const mesh = await startMesh({
    dataDir: createDataDir(),
    ports: "free",
    env: process.env,
    services: ["ingest", "storage"],
    command: emptyServiceCommand,
    onEvent: (event) => events.push(event),
    ...options,
  });
  onTestFinished(() => mesh.stop(2_000));
  return { mesh, events };
}

const factsOf = (mesh: Mesh) => readMeshFile(join(mesh.dataDir, "mesh.json")) as MeshFacts;

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

test("a mesh serves when it is started, says where in mesh.json, and leaves nothing when it is stopped", async () => {
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

test("a service or broker that is killed is started again at the same address, and that is said", async () => {
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

test("a data directory belongs to one mesh at a time; what a dead one left does not count", async () => {
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

test("a service that ends before it serves ends the start, with its last words, and leaves nothing running", async () => {
  const dataDir = createDataDir();
  const started: number[] = [];
  const starting = startSmallMesh({
    dataDir,
    env: { ...process.env, TEST_CRASH: "storage" },
    onEvent: (event) => event.kind === "broker" && started.push(event.pid),
  });
  await expect(starting).rejects.toThrow(/storage ended before it served \(exit 1\)[\s\S]*crashed on purpose/);
  expect(started).toHaveLength(1);
  expect(started.filter(isAlive)).toEqual([]);
  expect(existsSync(join(dataDir, "mesh.json"))).toBe(false);
});

test("a taken port is named, with the variable that chooses another", async () => {
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

test("what does not stop within its grace is killed", async () => {
  const { mesh } = await startSmallMesh({ services: ["ingest"], env: { ...process.env, TEST_STUCK: "ingest" } });
  const { services } = factsOf(mesh);
  const beginMs = performance.now();
  await mesh.stop(5_000);
  expect(performance.now() - beginMs).toBeLessThan(15_000);
  expect(services.map(({ pid }) => pid).filter(isAlive)).toEqual([]);
});

/** A mesh whose supervisor is a process of its own, so that it can be killed. */
async function startKeeper(dataDir: string) {
  const keeper = spawn(
    process.execPath,
    [...sourceFlags, fileURLToPath(new URL("keeper.ts", import.meta.url)), dataDir],
    {
      stdio: ["ignore", "pipe", "inherit"],
    },
  );
  onTestFinished(() => void keeper.kill("SIGKILL"));
  const [ready] = await Promise.race([once(keeper.stdout, "data"), once(keeper, "exit")]);
  expect(String(ready)).toBe("ready\n");
  return { keeper, facts: readMeshFile(join(dataDir, "mesh.json")) as MeshFacts };
}

test("no process outlives the one that looks after it, even if that is killed", async () => {
  const dataDir = createDataDir();
  const { keeper, facts } = await startKeeper(dataDir);
  const pids = [facts.broker.pid, ...facts.services.map(({ pid }) => pid)];
  expect(pids.every(isAlive)).toBe(true);
  keeper.kill("SIGKILL");
  await vi.waitFor(() => expect(pids.filter(isAlive)).toEqual([]), { timeout: 15_000 });
});

test.each(["mesh.json", "no mesh.json", "a mesh.json of nothing"])(
  "a broker that does not end after its supervisor died is killed before another one starts, by %s",
  async (left) => {
    const dataDir = createDataDir();
    const { keeper, facts } = await startKeeper(dataDir);
    // Stopped processes do not act on SIGTERM, like one that hangs.
    const old = identify(facts.broker.pid);
    process.kill(old.pid, "SIGSTOP");
    onTestFinished(() => {
      if (isRunning(old)) process.kill(old.pid, "SIGKILL");
    });
    keeper.kill("SIGKILL");
    await once(keeper, "exit");
    if (left === "no mesh.json") rmSync(join(dataDir, "mesh.json"));
    if (left === "a mesh.json of nothing") writeFileSync(join(dataDir, "mesh.json"), "");
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
  const { keeper, facts } = await startKeeper(createDataDir());
  const broker = identify(facts.broker.pid);
  process.kill(broker.pid, "SIGSTOP");
  keeper.kill("SIGKILL");
  await vi.waitFor(() => expect(isRunning(broker)).toBe(false), { timeout: 60_000, interval: 200 });
});

test.each(["an earlier release", "this release"])(
  "a stale mesh.json of %s does not count when its process ids belong to other programs",
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
    // It is neither waited for nor signalled.
    expect(performance.now() - beginMs).toBeLessThan(15_000);
    expect(isAlive(other.pid!)).toBe(true);
  },
);

test("of two meshes that start at once on a directory that a dead one left, exactly one runs", async () => {
  const dataDir = createDataDir();
  const { keeper } = await startKeeper(dataDir);
  keeper.kill("SIGKILL");
  await once(keeper, "exit");
  const options = { dataDir, services: ["ingest"] as const };
  const outcomes = await Promise.allSettled([startSmallMesh(options), startSmallMesh(options)]);
  expect(outcomes.map(({ status }) => status).sort()).toEqual(["fulfilled", "rejected"]);
  const refused = outcomes.find(({ status }) => status === "rejected") as PromiseRejectedResult;
  expect(refused.reason).toMatchObject({ reason: "SERVICE_UNAVAILABLE" });
});
