import { setTimeout as sleep } from "node:timers/promises";
import type { AppError } from "@pixelmesh/client";
import { connectRpc, HealthDefinition } from "@pixelmesh/rpc";
import { effectStep, robot } from "@pixelmesh/testing/jobs";
import { afterAll, beforeAll, expect, onTestFinished, test } from "vitest";
import { type HeldMesh, startHeldMesh } from "../support/held-mesh.ts";

const serving = 1;
const notServing = 2;
const names = ["ingest", "scheduler", "storage", "upscale", "background", "effects"] as const;

let mesh: HeldMesh;
beforeAll(async () => {
  mesh = await startHeldMesh({ env: { PIXELMESH_NATS_ACK_WAIT: "2s", PIXELMESH_INGEST_RECONCILE_AFTER: "2s" } });
});
afterAll(async () => {
  await mesh?.[Symbol.asyncDispose]();
});

function processOf(name: string) {
  const found = mesh.processes().find((process) => process.name === name);
  if (!found) throw new Error(`No process of ${name}`);
  return found;
}

function healthOf(address: string) {
  const connection = connectRpc(address);
  onTestFinished(connection.close);
  return connection.client(HealthDefinition);
}

/** Returns why the supervisor restarted a process. */
function restartOf(name: string) {
  return mesh.events().filter((event) => event.kind === "restarted" && event.name === name);
}

test.each(names)("%s reports that it serves, on its health port and its gRPC port, and has metrics", async (name) => {
  const { health: healthAddress, grpc, metrics } = processOf(name);
  for (const address of [healthAddress, grpc]) {
    for (const service of ["", "startup", "readiness", "liveness"])
      expect((await healthOf(address).check({ service })).status).toBe(serving);
  }
  const page = await (await fetch(metrics)).text();
  expect(page).toContain(`pixelmesh_build_info{service="${name}"`);
  expect(page).toContain("process_resident_memory_bytes");
});

test.each(names)("%s stops within its grace on SIGTERM while a health watch is open", async (name) => {
  const { health: address, pid } = processOf(name);
  const statuses: number[] = [];
  const { promise: open, resolve } = Promise.withResolvers<void>();
  const watch = (async () => {
    for await (const { status } of healthOf(address).watch({ service: "readiness" })) {
      statuses.push(status);
      resolve();
    }
  })().then(
    () => undefined,
    (error: AppError) => error.reason,
  );
  await open;
  const before = restartOf(name).length;
  const startMs = performance.now();
  process.kill(pid, "SIGTERM");
  expect(["STOPPING", "SERVICE_UNAVAILABLE"]).toContain(await watch);
  await expect.poll(() => restartOf(name).length).toBe(before + 1);
  expect(performance.now() - startMs).toBeLessThan(10_000);
  expect(restartOf(name).at(-1)).toMatchObject({ why: "exit 0" });
  expect(statuses[0]).toBe(serving);
  expect(statuses.slice(1).every((status) => status === notServing)).toBe(true);
});

test("an open job watch does not delay the stop of ingest, and continues at its successor", async () => {
  const steps = Array.from({ length: 16 }, (_, at) => effectStep(`e${at}`, "pop_art"));
  const { id } = await mesh.client.jobs.create({ pipeline: { steps }, pictures: [{ bytes: robot }], noCache: true });
  const before = restartOf("ingest").length;
  const watched = mesh.client.jobs.wait(id);
  await sleep(200);
  process.kill(processOf("ingest").pid, "SIGTERM");
  expect((await watched).error).toBeUndefined();
  await expect.poll(() => restartOf("ingest").length).toBe(before + 1);
  expect(restartOf("ingest").at(-1)).toMatchObject({ why: "exit 0" });
});

test("a second signal ends a process at once", async () => {
  // A step that is held keeps the worker busy for longer than two signals take.
  mesh.hold();
  onTestFinished(mesh.release);
  const steps = [effectStep("held", "pop_art")];
  const { id } = await mesh.client.jobs.create({ pipeline: { steps }, pictures: [{ bytes: robot }], noCache: true });
  for await (const job of mesh.client.jobs.watch(id)) if (job.steps.some(({ progress }) => progress > 0)) break;
  const before = restartOf("effects").length;
  const { pid } = processOf("effects");
  const startMs = performance.now();
  process.kill(pid, "SIGTERM");
  await sleep(50);
  process.kill(pid, "SIGTERM");
  await expect.poll(() => isRunning(pid), { interval: 10 }).toBe(false);
  expect(performance.now() - startMs).toBeLessThan(5_000);
  await expect.poll(() => restartOf("effects").length).toBe(before + 1);
  expect(restartOf("effects").at(-1)).toMatchObject({ why: "exit 130" });
  mesh.release();
  // Its work is requeued, and the successor does it.
  expect((await mesh.client.jobs.wait(id)).error).toBeUndefined();
});

test("without its broker a service is alive but not ready; it is ready again when the broker is back", async () => {
  const checks = healthOf(processOf("effects").health);
  const ending = new AbortController();
  onTestFinished(() => ending.abort());
  // A watch gets every change; the broker may be back between two checks.
  const seen: number[] = [];
  const watching = (async () => {
    for await (const { status } of checks.watch({ service: "readiness" }, { signal: ending.signal })) seen.push(status);
  })();
  watching.catch(() => {});
  await expect.poll(() => seen).toEqual([serving]);
  mesh.kill("broker", "SIGKILL");
  await expect.poll(() => seen[1], { interval: 20 }).toBe(notServing);
  expect((await checks.check({ service: "liveness" })).status).toBe(serving);
  await expect.poll(() => seen.at(-1)).toBe(serving);
  await expect
    .poll(
      async () =>
        mesh.client.jobs
          .create({ pipeline: { steps: [effectStep("dither", "dither")] }, pictures: [{ bytes: robot }] })
          .then(({ id }) => mesh.client.jobs.wait(id))
          .then(({ error }) => error),
      { timeout: 60_000 },
    )
    .toBeUndefined();
});

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}
