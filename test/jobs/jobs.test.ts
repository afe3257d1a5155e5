import { type AppError, JobState } from "@pixelmesh/client";
import { ErrorReason } from "@pixelmesh/proto";
import { startTestMesh } from "@pixelmesh/testing";
import { download, effectStep, robot, step } from "@pixelmesh/testing/jobs";
import { afterAll, beforeAll, expect, test } from "vitest";

type Mesh = Awaited<ReturnType<typeof startTestMesh>>;

let mesh: Mesh;
beforeAll(async () => {
  mesh = await startTestMesh({ env: { PIXELMESH_NATS_ACK_WAIT: "2s" } });
});
afterAll(() => mesh?.[Symbol.asyncDispose]());

const dither = { steps: [effectStep("dither", "dither")] };
const failure = (promise: Promise<unknown>) =>
  promise.then(
    () => {
      throw new Error("Expected a failure");
    },
    (error: AppError) => error,
  );
const create = (pipeline: object, bytes: Uint8Array = robot, options: object = {}) =>
  mesh.client.jobs.create({ pipeline, pictures: [{ bytes }], ...options });

test("a repeated request id returns the same job, and is refused with another pipeline", async () => {
  const first = await create(dither, robot, { requestId: "once" });
  expect((await create(dither, robot, { requestId: "once" })).id).toBe(first.id);
  expect(
    await failure(create({ steps: [effectStep("bw", "black_and_white")] }, robot, { requestId: "once" })),
  ).toMatchObject({ reason: "REQUEST_ID_REUSED" });
  await mesh.client.jobs.wait(first.id);
});

test("concurrent equal requests with one id are one job", async () => {
  const jobs = await Promise.all(Array.from({ length: 8 }, () => create(dither, robot, { requestId: "together" })));
  expect(new Set(jobs.map(({ id }) => id)).size).toBe(1);
});

test("the progress of a watch never falls, and the watch ends with the terminal state", async () => {
  const { id } = await create({ steps: [effectStep("pop", "pop_art"), effectStep("retro", "retro_8bit")] }, robot, {
    noCache: true,
  });
  const seen: number[] = [];
  let last = 0;
  for await (const job of mesh.client.jobs.watch(id)) {
    seen.push(job.progress);
    last = job.state;
  }
  expect(last).toBe(JobState.SUCCEEDED);
  expect(seen).toEqual([...seen].sort((a, b) => a - b));
  expect(seen.at(-1)).toBe(1);
});

test("work of a killed worker is done by its successor", async () => {
  const steps = Array.from({ length: 6 }, (_, at) => effectStep(`e${at}`, "pop_art", {}));
  const { id } = await create({ steps }, robot, { noCache: true });
  for await (const job of mesh.client.jobs.watch(id)) if (job.steps.some(({ progress }) => progress > 0)) break;
  mesh.kill("effects", "SIGKILL");
  const job = await mesh.client.jobs.wait(id);
  expect(job).toMatchObject({ state: JobState.SUCCEEDED, error: undefined });
  expect((await download(mesh.client, job, "result")).length).toBeGreaterThan(1_000);
});

test("a job survives the death of ingest", async () => {
  const { id } = await create(
    { steps: Array.from({ length: 4 }, (_, at) => effectStep(`e${at}`, "retro_8bit")) },
    robot,
    { noCache: true },
  );
  mesh.kill("ingest", "SIGKILL");
  expect(await mesh.client.jobs.wait(id)).toMatchObject({ state: JobState.SUCCEEDED });
});

test("a cancelled job ends at once, and its workers stop", async () => {
  const { id } = await create(
    { steps: Array.from({ length: 12 }, (_, at) => effectStep(`e${at}`, "pop_art")) },
    robot,
    { noCache: true },
  );
  const cancelled = await mesh.client.jobs.cancel(id);
  expect(cancelled).toMatchObject({ state: JobState.CANCELLED, error: { message: "The job was cancelled" } });
  expect((await mesh.client.jobs.cancel(id)).state).toBe(JobState.CANCELLED);
  await expect.poll(async () => (await mesh.client.cluster()).slots.filter(({ jobId }) => jobId === id).length).toBe(0);
});

test("jobs are listed newest first, page by page, and only to their tenant", async () => {
  const ids: string[] = [];
  for await (const { id } of mesh.client.jobs.list({ pageSize: 2 })) ids.push(id);
  expect(ids.length).toBeGreaterThan(4);
  expect(ids).toEqual([...ids].sort().reverse());
  expect(await failure(mesh.client.jobs.get("nonsense"))).toMatchObject({ reason: "JOB_NOT_FOUND" });
});

test("an invalid request is refused at once, with field, expected form and given value", async () => {
  expect(await failure(create({ steps: [effectStep("x", "sparkle")] }))).toMatchObject({
    reason: "UNKNOWN_EFFECT",
    metadata: { known: expect.stringContaining("dither") },
  });
  expect(await failure(create({ steps: [effectStep("x", "dither", { levels: 99 })] }))).toMatchObject({
    reason: "INVALID_ARGUMENT",
    message: expect.stringMatching(/levels.*99/),
  });
  expect(
    await failure(create({ steps: [step("x", { $case: "upscale", value: { scale: 2, model: "nope" } })] })),
  ).toMatchObject({ reason: "UNKNOWN_MODEL", metadata: { known: expect.stringContaining("pixelmesh-sr-x2") } });
  expect(
    await failure(create({ steps: [effectStep("a", "dither", {}, "b"), effectStep("b", "dither", {}, "a")] })),
  ).toMatchObject({ reason: "INVALID_PIPELINE" });
  expect(await failure(create({ steps: [effectStep("a", "dither", {}, "missing")] }))).toMatchObject({
    reason: "INVALID_PIPELINE",
    message: expect.stringContaining("missing"),
  });
  expect(
    await failure(create({ steps: [step("p", { $case: "prescale", value: { maxSidePx: 7, maxPixels: 0 } })] })),
  ).toMatchObject({ reason: "INVALID_ARGUMENT", message: expect.stringMatching(/max_side_px.*7/) });
});

test("unreadable pictures are refused with the reason of their fault", async () => {
  expect(await failure(create(dither, new Uint8Array(0)))).toMatchObject({ reason: "IMAGE_EMPTY" });
  expect(
    await failure(create(dither, new TextEncoder().encode("<svg xmlns='http://www.w3.org/2000/svg'/>"))),
  ).toMatchObject({ reason: "IMAGE_TYPE_UNSUPPORTED" });
  // The header is valid. Decoding finds that the rest is missing, and fails the job at once.
  const cut = await mesh.client.jobs.wait((await create(dither, robot.subarray(0, 2_000))).id);
  expect(cut).toMatchObject({
    state: JobState.FAILED,
    error: { reason: ErrorReason.IMAGE_TRUNCATED, stepId: "dither" },
  });
  expect(cut.steps[0]?.attempt).toBe(1);
  expect(await failure(create(dither, robot, { maxOutputPixels: 100 }))).toMatchObject({ reason: "OUTPUT_TOO_LARGE" });
});

test("an unknown output and an output that is not ready have different reasons", async () => {
  const { id } = await create(
    { steps: Array.from({ length: 8 }, (_, at) => effectStep(`e${at}`, "retro_8bit")) },
    robot,
    { noCache: true },
  );
  expect(await failure(mesh.client.jobs.download(id, "other"))).toMatchObject({
    reason: "OUTPUT_NOT_FOUND",
    metadata: { known: "result" },
  });
  await mesh.client.jobs.cancel(id);
});

test("the cluster shows six services, this machine's memory and the queues", async () => {
  const { services, devices, queues } = await mesh.client.cluster();
  expect(services.map(({ service }) => service).sort()).toEqual([
    "background",
    "effects",
    "ingest",
    "scheduler",
    "storage",
    "upscale",
  ]);
  expect(devices).toHaveLength(1);
  expect(devices[0]).toMatchObject({ fresh: true });
  expect(devices[0]?.totalBytes).toBeGreaterThan(devices[0]?.observedBytes ?? 0);
  expect(queues.map(({ name }) => name)).toEqual(
    expect.arrayContaining(["slots.light", "upscale.interactive", "effects.batch"]),
  );
  for (const { metricsUrl } of services)
    expect(await (await fetch(metricsUrl)).text()).toContain("pixelmesh_build_info");
});
