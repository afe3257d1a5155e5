import { setTimeout as sleep } from "node:timers/promises";
import { CreateJobHeader, type CreateJobRequest, JobServiceDefinition, Upload } from "@pixelmesh/proto";
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
const resolves = async (alert: string) => expect.poll(() => prometheus.firing(alert)).toEqual([]);
const effectsPid = () => mesh.processes().find(({ name }) => name === "effects")?.pid as number;

/** Stops the only effects worker (SIGSTOP) while `act` runs. */
async function whileWorkerHangs(act: () => Promise<void>): Promise<void> {
  const pid = effectsPid();
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
  await whileWorkerHangs(async () => {
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
  await whileWorkerHangs(async () => {
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
    expect(await prometheus.firing("PixelmeshJobLatencyHigh")).toMatchObject([{ pipeline: "effects" }]);
  });
  await Promise.all(ids.map((id) => mesh.client.jobs.wait(id)));
  await resolves("PixelmeshJobLatencyHigh");
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
