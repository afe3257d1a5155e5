import { JobState } from "@pixelmesh/client";
import { attributeDefinitions } from "@pixelmesh/telemetry";
import { startTestMesh } from "@pixelmesh/testing";
import { effectStep, robot, slowPipeline, step } from "@pixelmesh/testing/jobs";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type HeldMesh, startHeldMesh } from "../support/held-mesh.ts";
import { type ReceivedSpan, startOtlpReceiver } from "../support/otlp-receiver.ts";

type Receiver = Awaited<ReturnType<typeof startOtlpReceiver>>;

const traceOf = (spans: readonly ReceivedSpan[], jobId: string) => {
  const found = spans.find(({ attributes }) => attributes["pixelmesh.job.id"] === jobId);
  return spans.filter(({ traceId }) => traceId === found?.traceId);
};

/** Waits until the trace of a job has its last span; later spans arrive within a second or two. */
async function readTrace(receiver: Receiver, jobId: string): Promise<readonly ReceivedSpan[]> {
  await expect.poll(() => traceOf(receiver.spans(), jobId).map(({ name }) => name)).toContain("end job");
  let before = -1;
  await expect
    .poll(
      () => {
        const now = traceOf(receiver.spans(), jobId).length;
        const isSettled = now === before;
        before = now;
        return isSettled;
      },
      { interval: 2_500 },
    )
    .toBe(true);
  return traceOf(receiver.spans(), jobId);
}

describe("every trace kept", () => {
  let receiver: Receiver;
  let mesh: HeldMesh;
  beforeAll(async () => {
    receiver = await startOtlpReceiver();
    const kept = {
      PIXELMESH_TRACES_KEPT: "100%",
      PIXELMESH_TRACES_PER_SECOND: "1000",
      PIXELMESH_TRACES_SEND_EVERY: "1s",
      PIXELMESH_VERSION_LABEL: "1.2.3-canary",
    };
    mesh = await startHeldMesh({
      env: { OTEL_EXPORTER_OTLP_ENDPOINT: receiver.url, PIXELMESH_NATS_ACK_WAIT: "3s", ...kept },
    });
  });
  afterAll(async () => {
    await mesh?.[Symbol.asyncDispose]();
    await receiver?.[Symbol.asyncDispose]();
  });

  test("a job is one trace through every service, from the call that created it to its end", async () => {
    const pipeline = {
      steps: [
        step("small", { $case: "prescale", value: { maxSidePx: 64, maxPixels: 0 } }),
        step("up", { $case: "upscale", value: { scale: 2 } } as never),
        effectStep("fx", "black_and_white"),
      ],
    };
    const { id } = await mesh.client.jobs.create({ pipeline, pictures: [{ bytes: robot }], noCache: true });
    expect((await mesh.client.jobs.wait(id)).state).toBe(JobState.SUCCEEDED);
    const spans = await readTrace(receiver, id);
    for (const { version } of spans) expect(version).toBe("1.2.3-canary");
    // Traces begin with calls. Traces of job events or of periodic work would not help a reader.
    const roots = receiver.spans().filter(({ parentSpanId }) => parentSpanId === "");
    expect(roots.length).toBeGreaterThan(0);
    for (const { name } of roots) expect(name).toMatch(/^pixelmesh\.[a-z]+\.v1\./);
    const byId = new Map(spans.map((span) => [span.spanId, span]));
    const edges = new Set(
      spans.flatMap((span) => {
        const parent = byId.get(span.parentSpanId);
        return parent ? [`${parent.service}: ${parent.name} > ${span.service}: ${span.name}`] : [];
      }),
    );
    const createJob = "pixelmesh-ingest: pixelmesh.jobs.v1.JobService/CreateJob";
    for (const service of ["ingest", "upscale", "effects"]) {
      const template = `work.${service}.{priority}.{job}.{step}.{attempt}`;
      const worker = `pixelmesh-${service}`;
      const work = `${worker}: process ${template}`;
      expect(edges).toContain(`${createJob} > pixelmesh-ingest: publish ${template}`);
      expect(edges).toContain(`pixelmesh-ingest: publish ${template} > ${work}`);
      expect(edges).toContain(`${work} > ${worker}: hold slot`);
      expect(edges).toContain(`${work} > ${worker}: store result`);
      expect(edges).toContain(`${work} > ${worker}: settle WORK_${service.toUpperCase()}`);
    }
    const holdSlot = "pixelmesh.scheduler.v1.SchedulerService/HoldSlot";
    expect(edges).toContain(`pixelmesh-upscale: hold slot > pixelmesh-upscale: ${holdSlot}`);
    expect(edges).toContain(`pixelmesh-upscale: ${holdSlot} > pixelmesh-scheduler: ${holdSlot}`);
    // The output has fewer than 64 KiB.
    const putBlob = "pixelmesh.storage.v1.StorageService/PutSmallBlob";
    expect(edges).toContain(`pixelmesh-effects: store result > pixelmesh-effects: ${putBlob}`);
    expect(edges).toContain(`pixelmesh-effects: ${putBlob} > pixelmesh-storage: ${putBlob}`);
    expect(edges).toContain(
      "pixelmesh-upscale: process work.upscale.{priority}.{job}.{step}.{attempt} > pixelmesh-upscale: run upscale",
    );
    expect(edges).toContain(`${createJob} > pixelmesh-ingest: end job`);
    // The call is the only root; every other span is below it.
    expect(spans.filter(({ parentSpanId }) => !byId.has(parentSpanId)).map(({ name }) => name)).toEqual([
      "pixelmesh.jobs.v1.JobService/CreateJob",
    ]);
    const failures = spans.filter(({ isError }) => isError);
    expect(failures.map(({ service, name, attributes }) => [service, name, attributes["error.type"]])).toEqual([]);

    for (const { attributes } of spans.filter(({ kind }) => kind >= 4 || kind === 3))
      expect(attributes["server.address"] ?? attributes["messaging.destination.name"]).toBeTruthy();
    for (const { attributes } of spans.filter((span) => span.name === holdSlot && span.kind === 3))
      expect(attributes).toMatchObject({ "server.address": "127.0.0.1", "server.port": expect.any(Number) });

    // The pixels: decoded once for the first step, run in tiles, encoded for each output.
    expect(edges).toContain("pixelmesh-ingest: load picture > pixelmesh-ingest: decode picture");
    expect(edges).toContain("pixelmesh-upscale: run upscale > pixelmesh-upscale: run tiles");
    expect(edges).toContain("pixelmesh-effects: store result > pixelmesh-effects: encode picture");
    const tiles = spans.find(({ name }) => name === "run tiles");
    expect(tiles?.attributes).toMatchObject({ "pixelmesh.model.name": "pixelmesh-sr-x2", "pixelmesh.tiles": 1 });
    const encoded = spans.find(({ name }) => name === "encode picture");
    expect(encoded?.attributes).toMatchObject({
      "pixelmesh.image.width": expect.any(Number),
      "pixelmesh.image.bytes": expect.any(Number),
      "pixelmesh.image.format": expect.stringMatching(/^(png|jpe?g|webp)$/),
    });

    const run = spans.find(({ name }) => name === "run upscale");
    expect(run?.attributes).toMatchObject({
      "pixelmesh.operation": "upscale",
      "pixelmesh.model.name": "pixelmesh-sr-x2",
    });
    const processed = spans.find(({ name }) => name.startsWith("process work.upscale"));
    expect(processed).toMatchObject({ kind: 5 });
    expect(processed?.attributes).toMatchObject({
      "messaging.system.name": "nats",
      "messaging.destination.name": "WORK_UPSCALE",
      "pixelmesh.nats.stream": "WORK_UPSCALE",
      "pixelmesh.nats.delivery_count": 1,
      "pixelmesh.step.id": "up",
    });
    expect(spans.find(({ name }) => name === "end job")?.attributes).toMatchObject({
      "pixelmesh.outcome": "succeeded",
      "pixelmesh.pipeline": "upscale",
      "pixelmesh.steps": 3,
    });
  });

  test("attributes are those of the registry, and none holds the tenant or bytes", () => {
    const used = new Set(receiver.spans().flatMap(({ attributes }) => Object.keys(attributes)));
    expect([...used].filter((name) => !(name in attributeDefinitions))).toEqual([]);
    for (const { attributes } of receiver.spans())
      for (const value of Object.values(attributes)) expect(String(value).length).toBeLessThanOrEqual(256);
  });

  test("redelivered work of a killed worker stays in its job's trace", async () => {
    const effects = mesh.processes().find(({ name }) => name === "effects");
    mesh.hold();
    const { id } = await mesh.client.jobs.create({
      pipeline: slowPipeline(),
      pictures: [{ bytes: robot }],
      noCache: true,
    });
    for await (const job of mesh.client.jobs.watch(id)) if (job.steps.some(({ progress }) => progress > 0)) break;
    process.kill(effects?.pid as number, "SIGKILL");
    mesh.release();
    expect((await mesh.client.jobs.wait(id)).state).toBe(JobState.SUCCEEDED);
    const spans = await readTrace(receiver, id);
    const again = spans.filter(({ name }) => name.startsWith("process work.effects"));
    expect(again.map(({ attributes }) => attributes["pixelmesh.nats.delivery_count"])).toContain(2);
  });
});

describe("no trace kept by chance", () => {
  test("a failed job is traced, a succeeded one is not; without a receiver jobs go on", async () => {
    const receiver = await startOtlpReceiver();
    const kept = { PIXELMESH_TRACES_KEPT: "0%", PIXELMESH_TRACES_SEND_EVERY: "1s" };
    const env = { OTEL_EXPORTER_OTLP_ENDPOINT: receiver.url, ...kept };
    await using mesh = await startTestMesh({ env });
    const run = async (bytes: Uint8Array) => {
      const pipeline = { steps: [effectStep("fx", "black_and_white", { contrast: 1 + Math.random() / 4 })] };
      const { id } = await mesh.client.jobs.create({ pipeline, pictures: [{ bytes }], noCache: true });
      return mesh.client.jobs.wait(id);
    };
    const good = [await run(robot), await run(robot), await run(robot)];
    for (const { state } of good) expect(state).toBe(JobState.SUCCEEDED);
    // Its header is valid, its pixels are not: it fails in the worker.
    const bad = await run(robot.subarray(0, robot.length / 2));
    expect(bad.state).toBe(JobState.FAILED);
    const names = () => traceOf(receiver.spans(), bad.id).map(({ name }) => name);
    await expect.poll(names).toContain("process work.effects.{priority}.{job}.{step}.{attempt}");
    const ofGood = good.map(({ id }) => traceOf(receiver.spans(), id));
    expect(ofGood).toContainEqual([]);
    // A retried call, possible while a mesh is new, is a failure too. Nothing else is traced.
    for (const spans of ofGood) expect(spans.length === 0 || spans.some(({ isError }) => isError)).toBe(true);

    await receiver[Symbol.asyncDispose]();
    expect((await run(robot)).state).toBe(JobState.SUCCEEDED);
  });
});
