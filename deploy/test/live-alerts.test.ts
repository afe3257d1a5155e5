import { setTimeout as sleep } from "node:timers/promises";
import { CreateJobHeader, type CreateJobRequest, JobServiceDefinition, Upload } from "@pixelmesh/proto";
import { connectRpc } from "@pixelmesh/rpc";
import { startTestMesh, type TestMesh } from "@pixelmesh/testing";
import sharp from "sharp";
import { afterAll, beforeAll, expect, test } from "vitest";
import { effectStep } from "../../test/fixtures.ts";
import { scaledRules } from "../src/scale-rules.ts";
import { type Prometheus, startPrometheus } from "./prometheus.ts";

// A minute of the rules is a second here: ten minutes of `for` are ten seconds.
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

/** A tiny job that no other has asked for. */
const create = (options: object = {}) =>
  mesh.client.jobs.create({
    pipeline: { steps: [effectStep("fx", "black_and_white", { contrast: 1 + Math.random() / 4 })] },
    pictures: [{ bytes: tiny }],
    ...options,
  });
const fires = async (alert: string) => expect.poll(() => prometheus.firing(alert)).not.toEqual([]);
const resolves = async (alert: string) => expect.poll(() => prometheus.firing(alert)).toEqual([]);
const effectsPid = () => mesh.processes().find(({ name }) => name === "effects")?.pid as number;

/** Has the only effects worker stand still while `act` runs. */
async function whileWorkerHangs(act: () => Promise<void>): Promise<void> {
  const pid = effectsPid();
  process.kill(pid, "SIGSTOP");
  try {
    await act();
  } finally {
    process.kill(pid, "SIGCONT");
  }
}

test("no alert fires on a mesh that is well", async () => {
  await Promise.all(Array.from({ length: 20 }, async () => mesh.client.jobs.wait((await create()).id)));
  await sleep(5_000);
  const known = await prometheus.query('ALERTS{alertstate="firing"}');
  expect(known.map(({ metric }) => metric.alertname)).toEqual([]);
  expect((await prometheus.query("count(pixelmesh_build_info)"))[0]?.value).toBe(6);
});

test("uploads that never end fill ingest's memory: the memory alert fires, and ends with its restart", async () => {
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

test("a worker that hangs lets jobs time out: the error alert fires, and ends when it goes on", async () => {
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

test("jobs that wait half a minute for a worker that hangs: the latency alert fires, and ends", async () => {
  const ids: string[] = [];
  await whileWorkerHangs(async () => {
    for (let at = 0; at < 15; at++)
      ids.push(...(await Promise.all(Array.from({ length: 24 }, () => create()))).map(({ id }) => id));
    await sleep(31_000);
    // It goes on for a moment every second, so that slow jobs end for as long as the alert wants to see them.
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

test("traffic that never repeats itself: the cache alert fires, and ends with its traffic", async () => {
  let hasFired = false;
  const untilMs = performance.now() + 120_000;
  while (!hasFired && performance.now() < untilMs) {
    await Promise.all(Array.from({ length: 16 }, async () => mesh.client.jobs.wait((await create()).id)));
    hasFired = (await prometheus.firing("PixelmeshCacheHitRateLow")).length > 0;
  }
  expect(await prometheus.firing("PixelmeshCacheHitRateLow")).toMatchObject([{ cache: "result" }]);
  await resolves("PixelmeshCacheHitRateLow");
});
