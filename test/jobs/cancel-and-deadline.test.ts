import type { Bus } from "@pixelmesh/bus";
import { JobState } from "@pixelmesh/client";
import { ErrorReason, StepState } from "@pixelmesh/proto";
import { robot, slowPipeline } from "@pixelmesh/testing/jobs";
import { connectTestBus, countStarts, keysLeft } from "@pixelmesh/testing/processes";
import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import { type HeldMesh, startHeldMesh } from "../support/held-mesh.ts";

const env = { PIXELMESH_NATS_ACK_WAIT: "2s", PIXELMESH_INGEST_RECONCILE_AFTER: "2s" };
let mesh: HeldMesh;
let bus: Bus & AsyncDisposable;
beforeAll(async () => {
  mesh = await startHeldMesh({ env });
  bus = await connectTestBus(mesh.brokerUrl());
});
afterAll(async () => {
  await bus?.[Symbol.asyncDispose]();
  await mesh?.[Symbol.asyncDispose]();
});
afterEach(() => mesh.release());

const create = (pipeline: object, options: object = {}) =>
  mesh.client.jobs.create({ pipeline, pictures: [{ bytes: robot }], ...options });
const inMs = (ms: number) => new Date(Date.now() + ms);
const untilRunning = (id: string) =>
  expect.poll(async () => (await mesh.client.jobs.get(id)).steps[0]?.state, { interval: 20 }).toBe(StepState.RUNNING);
const slots = async (id: string) => (await mesh.client.cluster()).slots.filter(({ jobId }) => jobId === id).length;
const overdue = { state: JobState.FAILED, error: { reason: ErrorReason.DEADLINE_EXCEEDED } };

/** Stops the only worker, so that work stays in its queue. */
async function whileQueued(act: () => Promise<void>): Promise<void> {
  const pid = mesh.processes().find(({ name }) => name === "effects")?.pid as number;
  await mesh.client.effects();
  process.kill(pid, "SIGSTOP");
  try {
    await act();
  } finally {
    process.kill(pid, "SIGCONT");
  }
}

test("cancel and deadline end a running step, which releases its slot", async () => {
  mesh.hold();
  const cancelled = await create(slowPipeline());
  await untilRunning(cancelled.id);
  await mesh.client.jobs.cancel(cancelled.id);
  await expect.poll(() => slots(cancelled.id)).toBe(0);
  const late = await create(slowPipeline(), { deadline: inMs(2_500) });
  const startedMs = performance.now();
  expect(await mesh.client.jobs.wait(late.id)).toMatchObject(overdue);
  expect(performance.now() - startedMs).toBeLessThan(15_000);
  await expect.poll(() => slots(late.id)).toBe(0);
});

test("cancel and deadline end a queued step without a worker", async () => {
  let ids: string[] = [];
  await whileQueued(async () => {
    const cancelled = await create(slowPipeline());
    const late = await create(slowPipeline(), { deadline: inMs(1_500) });
    ids = [cancelled.id, late.id];
    expect((await mesh.client.jobs.cancel(cancelled.id)).state).toBe(JobState.CANCELLED);
    const startedMs = performance.now();
    expect(await mesh.client.jobs.wait(late.id)).toMatchObject(overdue);
    expect(performance.now() - startedMs).toBeLessThan(15_000);
  });
  await expect.poll(async () => (await bus.jsm.streams.info("WORK_EFFECTS")).state.messages).toBe(0);
  for (const id of ids) expect(await countStarts(bus, id)).toBe(0);
});

test("cancel and deadline end a waiter, and the step that it waits for goes on", async () => {
  const pipeline = slowPipeline();
  mesh.hold();
  const runner = await create(pipeline);
  await untilRunning(runner.id);
  const cancelled = await create(pipeline);
  const late = await create(pipeline, { deadline: inMs(1_500) });
  expect((await mesh.client.jobs.cancel(cancelled.id)).state).toBe(JobState.CANCELLED);
  expect(await mesh.client.jobs.wait(late.id)).toMatchObject(overdue);
  mesh.release();
  expect(await mesh.client.jobs.wait(runner.id)).toMatchObject({ state: JobState.SUCCEEDED });
  await expect.poll(() => keysLeft(bus, "waits")).toEqual([]);
  await expect.poll(() => keysLeft(bus, "open")).toEqual([]);
});

test("a waiter takes over a step that fails at the deadline of its own job", async () => {
  const pipeline = slowPipeline();
  mesh.hold();
  const runner = await create(pipeline, { deadline: inMs(3_500) });
  await untilRunning(runner.id);
  const heir = await create(pipeline);
  expect(await mesh.client.jobs.wait(runner.id)).toMatchObject(overdue);
  mesh.release();
  expect(await mesh.client.jobs.wait(heir.id)).toMatchObject({ state: JobState.SUCCEEDED });
});
