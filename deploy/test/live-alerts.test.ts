import { setTimeout as sleep } from "node:timers/promises";
import { CreateJobHeader, type CreateJobRequest, JobServiceDefinition, Upload } from "@pixelmesh/proto";
import type { RoleName } from "@pixelmesh/roles";
import { connectRpc } from "@pixelmesh/rpc";
import { startTestMesh, type TestMesh } from "@pixelmesh/testing";
import { effectStep } from "@pixelmesh/testing/jobs";
import sharp from "sharp";
import { afterAll, beforeAll, expect, test } from "vitest";
import { scaledRules } from "../src/scale-rules.ts";
import { type Prometheus, startPrometheus } from "./prometheus.ts";

// One minute of the rules takes one second here.
const factor = 60;
const mib = 2 ** 20;
let mesh: TestMesh;
let prometheus: Prometheus;
let tiny: Buffer;
beforeAll(async () => {
  const limits = { PIXELMESH_MEMORY_LIMIT: "272MiB", PIXELMESH_NATS_ACK_WAIT: "120s" };
  mesh = await startTestMesh({ env: limits });
  const { services } = await mesh.client.cluster();
  prometheus = await startPrometheus(
    services.map(({ metricsUrl }) => new URL(metricsUrl).host),
    scaledRules(factor),
  );
  tiny = await sharp({ create: { width: 16, height: 16, channels: 3, background: "#369" } })
    .png()
    .toBuffer();
  while ((await prometheus.query("up == 1")).length < 6) await sleep(200);
});
afterAll(async () => {
  await prometheus?.[Symbol.asyncDispose]();
  await mesh?.[Symbol.asyncDispose]();
});

/** Creates a tiny job with parameters that no earlier job had, so that no result is stored. */
const create = (options: object = {}) =>
  mesh.client.jobs.create({
    pipeline: { steps: [effectStep("fx", "black_and_white", { contrast: 1 + Math.random() / 4 })] },
    pictures: [{ bytes: tiny }],
    ...options,
  });
const fires = async (alert: string) => expect.poll(() => prometheus.firing(alert)).not.toEqual([]);
const resolves = async (alert: string, timeout = 60_000) =>
  expect.poll(() => prometheus.firing(alert), { timeout }).toEqual([]);
const brokerPid = () => {
  const [last] = mesh
    .events()
    .filter((event) => event.kind === "broker")
    .slice(-1);
  if (last === undefined) throw new Error("Expected the mesh to have started its broker");
  return last.pid;
};
const pidOf = (role: RoleName) => mesh.processes().find(({ name }) => name === role)?.pid as number;
const effectsPid = () => pidOf("effects");

/** Stops a process (SIGSTOP) while `act` runs. */
async function whileHangs(pid: number, act: () => Promise<void>): Promise<void> {
  process.kill(pid, "SIGSTOP");
  try {
    await act();
  } finally {
    process.kill(pid, "SIGCONT");
  }
}

test("no alert fires on a healthy mesh", async () => {
  await Promise.all(Array.from({ length: 20 }, async () => mesh.client.jobs.wait((await create()).id)));
  await sleep(5_000);
  const known = await prometheus.query('ALERTS{alertstate="firing"}');
  expect(known.map(({ metric }) => metric.alertname)).toEqual([]);
  expect((await prometheus.query("count(pixelmesh_build_info)"))[0]?.value).toBe(6);
});

test("the memory alerts fire when endless uploads fill ingest's memory, and resolve with its restart", async () => {
  const connection = connectRpc(mesh.address);
  const stop = new AbortController();
  async function* neverEnding(): AsyncGenerator<CreateJobRequest> {
    const pipeline = { steps: [effectStep("fx", "dither")], outputs: [] };
    yield { part: { $case: "header", value: CreateJobHeader.fromPartial({ pipeline }) } };
    yield { part: { $case: "upload", value: Upload.fromPartial({ name: "source" }) } };
    yield { part: { $case: "chunk", value: tiny } };
    for (let at = 0; at < 58; at++) yield { part: { $case: "chunk", value: Buffer.alloc(mib, at + 1) } };
    await new Promise((resolve) => stop.signal.addEventListener("abort", resolve));
  }
  const uploads = Array.from({ length: 4 }, () =>
    connection
      .client(JobServiceDefinition)
      .createJob(neverEnding(), { signal: stop.signal, timeoutMs: 300_000 })
      .catch((error: unknown) => error),
  );
  await fires("PixelmeshProcessMemoryHigh");
  await fires("PixelmeshProcessMemoryCritical");
  mesh.kill("ingest");
  await resolves("PixelmeshProcessMemoryCritical");
  await resolves("PixelmeshProcessMemoryHigh");
  stop.abort();
  await Promise.all(uploads);
  connection.close();
});

test("the error alert fires when jobs time out on a stopped worker, and resolves when it continues", async () => {
  await expect.poll(async () => (await create().catch(() => undefined)) !== undefined).toBe(true);
  await whileHangs(effectsPid(), async () => {
    const untilMs = performance.now() + 60_000;
    let hasFired = false;
    while (!hasFired && performance.now() < untilMs) {
      await Promise.all(Array.from({ length: 48 }, () => create({ deadline: new Date(Date.now() + 1_500) })));
      await sleep(500);
      hasFired = (await prometheus.firing("PixelmeshJobErrorRateHigh")).length > 0;
    }
    expect(await prometheus.firing("PixelmeshJobErrorRateHigh")).toMatchObject([{ pipeline: "effects" }]);
  });
  await resolves("PixelmeshJobErrorRateHigh");
});

test("the latency alert fires when jobs wait 30 s for a stopped worker, and resolves", async () => {
  const ids: string[] = [];
  await whileHangs(effectsPid(), async () => {
    for (let at = 0; at < 15; at++)
      ids.push(...(await Promise.all(Array.from({ length: 24 }, () => create()))).map(({ id }) => id));
    await sleep(31_000);
    // The worker continues for a moment every second, so that slow jobs keep ending while the alert is pending.
    const untilMs = performance.now() + 60_000;
    while (performance.now() < untilMs && (await prometheus.firing("PixelmeshJobLatencyHigh")).length === 0) {
      process.kill(effectsPid(), "SIGCONT");
      await sleep(150);
      process.kill(effectsPid(), "SIGSTOP");
      await sleep(500);
    }
    expect((await prometheus.firing("PixelmeshJobLatencyHigh"))[0]).toMatchObject({ pipeline: "effects" });
  });
  await Promise.all(ids.map((id) => mesh.client.jobs.wait(id)));
  // The rule of the last hour keeps the slow jobs in its window for a minute here.
  await resolves("PixelmeshJobLatencyHigh", 180_000);
});

test("the cache alert fires on traffic without equal steps, and resolves with its end", async () => {
  let hasFired = false;
  const untilMs = performance.now() + 120_000;
  while (!hasFired && performance.now() < untilMs) {
    await Promise.all(Array.from({ length: 16 }, async () => mesh.client.jobs.wait((await create()).id)));
    hasFired = (await prometheus.firing("PixelmeshCacheHitRateLow")).length > 0;
  }
  expect(await prometheus.firing("PixelmeshCacheHitRateLow")).toMatchObject([{ cache: "result" }]);
  await resolves("PixelmeshCacheHitRateLow");
});

test("the alerts of absence fire while the only scheduler is stopped, and resolve when it continues", async () => {
  await whileHangs(pidOf("scheduler"), async () => {
    await fires("PixelmeshRoleAbsent");
    expect(await prometheus.firing("PixelmeshRoleAbsent")).toMatchObject([{ service: "scheduler" }]);
    await fires("PixelmeshNoLeader");
    expect(await prometheus.firing("PixelmeshNoLeader")).toMatchObject([{ lease: "scheduler" }]);
    await fires("PixelmeshTargetDown");
  });
  for (const alert of ["PixelmeshRoleAbsent", "PixelmeshNoLeader", "PixelmeshTargetDown"]) await resolves(alert);
});

test("the alert of a missing worker fires while a step waits for a role without a process, and resolves", async () => {
  const ids: string[] = [];
  await whileHangs(effectsPid(), async () => {
    ids.push((await create()).id);
    await fires("PixelmeshWorkerAbsent");
    expect(await prometheus.firing("PixelmeshWorkerAbsent")).toMatchObject([{ queue: "effects" }]);
  });
  await resolves("PixelmeshWorkerAbsent");
  for (const id of ids) await mesh.client.jobs.wait(id);
});

test("the alert of the broker fires while it hangs, and resolves when it continues", async () => {
  await whileHangs(brokerPid(), () => fires("PixelmeshBrokerDown"));
  await resolves("PixelmeshBrokerDown");
  await resolves("PixelmeshNoLeader");
});
