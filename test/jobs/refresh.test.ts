import { type Bus, openStore } from "@pixelmesh/bus";
import { type Job, JobState } from "@pixelmesh/client";
import { ErrorReason, ImageFormat, JobRecord, ResultEntry, StepState } from "@pixelmesh/proto";
import { download, effectStep, slowPipeline } from "@pixelmesh/testing/jobs";
import { connectTestBus, countRuns, keysLeft } from "@pixelmesh/testing/processes";
import sharp from "sharp";
import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import { type HeldMesh, startHeldMesh } from "../support/held-mesh.ts";

let mesh: HeldMesh;
let bus: Bus & AsyncDisposable;
beforeAll(async () => {
  mesh = await startHeldMesh({ services: ["storage", "scheduler", "ingest", "effects"] });
  bus = await connectTestBus(mesh.brokerUrl());
});
afterAll(async () => {
  await bus?.[Symbol.asyncDispose]();
  await mesh?.[Symbol.asyncDispose]();
});
beforeEach(() => mesh.release());

let drawn = 0;
/** A picture that no other call returns. */
function drawPicture(): Promise<Buffer> {
  drawn += 1;
  const background = { r: drawn % 256, g: 31, b: 7 };
  return sharp({ create: { width: 40, height: 30, channels: 3, background } })
    .png()
    .toBuffer();
}

const invert = { steps: [effectStep("fx", "invert")] };
const create = (bytes: Uint8Array, settings: object = {}, pipeline: object = invert): Promise<Job> =>
  mesh.client.jobs.create({ pipeline, pictures: [{ bytes }], ...settings } as never);

async function run(bytes: Uint8Array, settings: object = {}, pipeline: object = invert): Promise<Job> {
  const job = await mesh.client.jobs.wait((await create(bytes, settings, pipeline)).id);
  expect(job.state, job.error?.message).toBe(JobState.SUCCEEDED);
  return job;
}

const cachedOf = ({ steps }: Job) => steps.map(({ cached }) => cached);
const recordOf = async ({ id }: Job) => (await (await openStore(bus, "jobs", JobRecord)).get(`record.${id}`))?.value;
/** The job whose run made the result of a job's only step. */
const makerOf = async (job: Job) => (await recordOf(job))?.steps[0]?.result?.provenance?.jobId;

async function untilRunning({ id }: Job): Promise<void> {
  const state = async () => (await mesh.client.jobs.get(id)).steps[0]?.state;
  await expect.poll(state, { interval: 20, timeout: 60_000 }).toBe(StepState.RUNNING);
}

/** Until so many steps wait for an equal one. */
const untilWaiting = (steps: number) =>
  expect.poll(async () => (await keysLeft(bus, "waits")).length, { timeout: 60_000 }).toBe(steps);

/** Counts the runs of effects from now on. */
async function countFromNow(): Promise<() => Promise<number>> {
  const before = await countRuns(bus, "effects");
  return async () => (await countRuns(bus, "effects")) - before;
}

test("a refreshed result replaces a cached one of other bytes", async () => {
  const picture = await drawPicture();
  const first = await run(picture);
  // A cached result that no run would make: another picture, with a run time that tells it apart.
  const other = await run(await drawPicture());
  const results = await openStore(bus, "results", ResultEntry);
  const key = (await recordOf(first))?.steps[0]?.resultKey ?? "";
  const entry = await results.get(key);
  const wrong = (await recordOf(other))?.steps[0]?.result;
  if (entry?.value.state?.$case !== "done" || !wrong?.provenance) throw new Error("there is no stored result");
  const value = { ...wrong, provenance: { ...wrong.provenance, runMs: 77_777 } };
  await results.update(key, { ...entry.value, state: { $case: "done", value } }, entry.revision);
  const spoilt = await run(picture);
  expect(spoilt.steps[0]).toMatchObject({ cached: true, savedMs: 77_777 });
  expect(spoilt.outputs[0]?.sha256).toBe(other.outputs[0]?.sha256);

  const runs = await countFromNow();
  const refreshed = await run(picture, { refresh: true });
  expect(cachedOf(refreshed)).toEqual([false]);
  expect(refreshed.outputs[0]?.sha256).toBe(first.outputs[0]?.sha256);
  const after = await run(picture);
  expect(cachedOf(after)).toEqual([true]);
  expect(after.steps[0]?.savedMs).not.toBe(77_777);
  expect(after.outputs[0]?.sha256).toBe(first.outputs[0]?.sha256);
  expect(await makerOf(after)).toBe(refreshed.id);
  await expect.poll(runs).toBe(1);
});

test("each step of a chain is computed again, and encodings that the refreshed result lacks are gone", async () => {
  const picture = await drawPicture();
  const chainTo = (...formats: ImageFormat[]) => ({
    steps: [effectStep("a", "invert"), effectStep("b", "pop_art", {}, "a")],
    outputs: formats.map((format) => ({ name: `as-${format}`, step: "b", encoding: { format } })),
  });
  const both = chainTo(ImageFormat.PNG, ImageFormat.WEBP);
  await run(picture, {}, both);
  expect(cachedOf(await run(picture, {}, both))).toEqual([true, true]);
  const runs = await countFromNow();
  expect(cachedOf(await run(picture, { refresh: true }, chainTo(ImageFormat.PNG)))).toEqual([false, false]);
  await expect.poll(runs).toBe(2);
  expect(cachedOf(await run(picture, {}, chainTo(ImageFormat.PNG)))).toEqual([true, true]);
  expect(cachedOf(await run(picture, {}, chainTo(ImageFormat.WEBP)))).toEqual([true, false]);
});

test("equal steps that wait meanwhile get the new result, not the cached one", async () => {
  const [picture, pipeline] = [await drawPicture(), slowPipeline()];
  await run(picture, {}, pipeline);
  const runs = await countFromNow();
  mesh.hold();
  const refreshing = await create(picture, { refresh: true }, pipeline);
  await untilRunning(refreshing);
  const waiting = await Promise.all([1, 2, 3].map(() => create(picture, {}, pipeline)));
  await untilWaiting(3);
  mesh.release();
  for (const { id } of waiting) {
    const job = await mesh.client.jobs.wait(id);
    expect(cachedOf(job)).toEqual([true]);
    expect(await makerOf(job)).toBe(refreshing.id);
    expect((await recordOf(job))?.steps[0]?.coalesced).toBe(true);
    expect(job.steps[0]?.savedMs).toBe((await recordOf(job))?.steps[0]?.result?.provenance?.runMs);
  }
  expect(cachedOf(await mesh.client.jobs.wait(refreshing.id))).toEqual([false]);
  await expect.poll(runs).toBe(1);
});

test("a refresh while an equal step runs waits for it and computes again; so does a second refresh", async () => {
  const [picture, pipeline] = [await drawPicture(), slowPipeline()];
  const runs = await countFromNow();
  mesh.hold();
  const first = await create(picture, {}, pipeline);
  await untilRunning(first);
  const refreshing = await Promise.all([1, 2].map(() => create(picture, { refresh: true }, pipeline)));
  await untilWaiting(2);
  mesh.release();
  const ended = await Promise.all([first, ...refreshing].map(({ id }) => mesh.client.jobs.wait(id)));
  expect(ended.map(cachedOf)).toEqual([[false], [false], [false]]);
  expect(await Promise.all(ended.map(makerOf))).toEqual(ended.map(({ id }) => id));
  expect(new Set(ended.map(({ outputs }) => outputs[0]?.sha256)).size).toBe(1);
  await expect.poll(runs).toBe(3);
  await expect.poll(() => keysLeft(bus, "waits")).toEqual([]);
});

test("two equal steps of one job that refreshes run once", async () => {
  const picture = await drawPicture();
  const twice = {
    // Without inputs the second would take the picture of the first.
    steps: ["a", "b"].map((id) => ({
      ...effectStep(id, "invert"),
      inputs: [{ from: { $case: "upload", value: "source" } }],
    })),
    outputs: ["a", "b"].map((name) => ({ name, step: name, encoding: { format: ImageFormat.PNG } })),
  };
  await run(picture, {}, twice);
  const runs = await countFromNow();
  const job = await run(picture, { refresh: true }, twice);
  expect(cachedOf(job).toSorted()).toEqual([false, true]);
  await expect.poll(runs).toBe(1);
});

test("a refresh that is cancelled leaves the cached result", async () => {
  const [picture, pipeline] = [await drawPicture(), slowPipeline()];
  const first = await run(picture, {}, pipeline);
  mesh.hold();
  const refreshing = await create(picture, { refresh: true }, pipeline);
  await untilRunning(refreshing);
  expect((await mesh.client.jobs.cancel(refreshing.id)).state).toBe(JobState.CANCELLED);
  mesh.release();
  const again = await run(picture, {}, pipeline);
  expect(cachedOf(again)).toEqual([true]);
  expect(await makerOf(again)).toBe(first.id);
});

test("a stored failure is tried again, and stands after that", async () => {
  const damaged = await drawPicture();
  damaged.fill(0x5a, damaged.indexOf("IDAT") + 4, damaged.indexOf("IEND") - 8);
  const fail = async (settings: object) => {
    const job = await mesh.client.jobs.wait((await create(damaged, settings)).id);
    expect(job.error?.reason).toBe(ErrorReason.IMAGE_CORRUPT);
  };
  const runs = await countFromNow();
  await fail({});
  await expect.poll(runs).toBe(1);
  await fail({});
  await fail({ refresh: true });
  await expect.poll(runs).toBe(2);
  await fail({});
  expect(await runs()).toBe(2);
});

test("a batch with refresh computes each of its jobs again", async () => {
  const pictures = await Promise.all([1, 2, 3].map(async () => ({ bytes: await drawPicture() })));
  const runBatch = async (settings: object) => {
    const { id } = await mesh.client.batches.create({ pipeline: invert, pictures, ...settings } as never);
    expect(await mesh.client.batches.wait(id)).toMatchObject({ jobsSucceeded: 3 });
  };
  const runs = await countFromNow();
  await runBatch({});
  await expect.poll(runs).toBe(3);
  await runBatch({});
  await runBatch({ refresh: true });
  await expect.poll(runs).toBe(6);
  await runBatch({});
  expect(await runs()).toBe(6);
});

test("refresh with no_cache is refused, for a job and for a batch, and says why", async () => {
  const bytes = await drawPicture();
  const refused = { reason: "INVALID_ARGUMENT", message: expect.stringContaining("refresh") };
  const settings = { noCache: true, refresh: true };
  await expect(create(bytes, settings)).rejects.toMatchObject(refused);
  const creating = mesh.client.batches.create({ pipeline: invert, pictures: [{ bytes }], ...settings } as never);
  await expect(creating).rejects.toMatchObject(refused);
});

test("a job with another value of refresh is another request", async () => {
  const bytes = await drawPicture();
  const requestId = `refresh-${Math.random()}`;
  const job = await run(bytes, { requestId, refresh: true });
  expect((await create(bytes, { requestId, refresh: true })).id).toBe(job.id);
  await expect(create(bytes, { requestId })).rejects.toMatchObject({ reason: "REQUEST_ID_REUSED" });
  expect((await download(mesh.client, job, "result")).length).toBeGreaterThan(0);
});
