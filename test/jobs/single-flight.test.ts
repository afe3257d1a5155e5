import type { Bus } from "@pixelmesh/bus";
import { connectPixelmesh, JobState } from "@pixelmesh/client";
import { ErrorReason, StepState } from "@pixelmesh/proto";
import { effectStep, robot, slowPipeline } from "@pixelmesh/testing/jobs";
import {
  connectTestBus,
  countRuns,
  countStarts,
  keysLeft,
  type Replica,
  startReplica,
} from "@pixelmesh/testing/processes";
import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import { type HeldMesh, startHeldMesh } from "../support/held-mesh.ts";

const env = { PIXELMESH_NATS_ACK_WAIT: "2s", PIXELMESH_INGEST_RECONCILE_AFTER: "2s" };
let mesh: HeldMesh;
let bus: Bus & AsyncDisposable;
let second: Replica;
beforeAll(async () => {
  mesh = await startHeldMesh({ env });
  bus = await connectTestBus(mesh.brokerUrl());
  second = await startReplica(mesh, bus, "ingest", { env });
});
afterAll(async () => {
  await second?.[Symbol.asyncDispose]();
  await bus?.[Symbol.asyncDispose]();
  await mesh?.[Symbol.asyncDispose]();
});

afterEach(() => mesh.release());
const create = (pipeline: object, bytes: Uint8Array = robot) =>
  mesh.client.jobs.create({ pipeline, pictures: [{ bytes }] });

/** Resolves when the step of a job is in one of the states. */
async function untilStep(id: string, stepId: string, ...states: StepState[]): Promise<void> {
  await expect
    .poll(async () => (await mesh.client.jobs.get(id)).steps.find((found) => found.id === stepId)?.state, {
      interval: 20,
    })
    .toSatisfy((state) => states.includes(state as StepState));
}

test("200 concurrent identical jobs on two replicas run once", async () => {
  const other = connectPixelmesh({ address: second.address });
  const pipeline = { steps: [effectStep("once", "black_and_white", { contrast: 1 + Math.random() / 4 })] };
  const before = await countRuns(bus, "effects");
  const jobs = await Promise.all(
    Array.from({ length: 200 }, (_, at) =>
      (at % 2 === 0 ? mesh.client : other).jobs.create({ pipeline, pictures: [{ bytes: robot }] }),
    ),
  );
  expect(new Set(jobs.map(({ id }) => id)).size).toBe(200);
  const ended = await Promise.all(jobs.map(({ id }, at) => (at % 2 === 0 ? other : mesh.client).jobs.wait(id)));
  expect(ended.filter(({ state }) => state !== JobState.SUCCEEDED)).toEqual([]);
  expect(new Set(ended.map(({ outputs }) => outputs[0]?.sha256)).size).toBe(1);
  await expect.poll(async () => (await countRuns(bus, "effects")) - before).toBe(1);
  expect(ended.filter(({ steps }) => steps[0]?.cached).length).toBe(199);
  await expect.poll(() => keysLeft(bus, "open")).toEqual([]);
  await expect.poll(() => keysLeft(bus, "waits")).toEqual([]);
  other.close();
});

/** Sum of the result cache's counters over the replicas of ingest. */
async function countLookUps(): Promise<Record<"hit" | "coalesced" | "miss", number>> {
  const { services } = await mesh.client.cluster();
  const pages = await Promise.all(
    services.filter(({ service }) => service === "ingest").map(async (it) => (await fetch(it.metricsUrl)).text()),
  );
  const sum = (result: string) =>
    pages
      .flatMap((page) => [...page.matchAll(/^pixelmesh_cache_requests_total\{(.*)\} (\d+)$/gm)])
      .reduce((total, [, labels, count]) => total + (labels?.includes(`result="${result}"`) ? Number(count) : 0), 0);
  return { hit: sum("hit"), coalesced: sum("coalesced"), miss: sum("miss") };
}

test("each request is counted once: one miss, its waiters as coalesced, later requests as hits", async () => {
  const other = connectPixelmesh({ address: second.address });
  const before = await countLookUps();
  const since = async () => {
    const { hit, coalesced, miss } = await countLookUps();
    return { hit: hit - before.hit, coalesced: coalesced - before.coalesced, miss: miss - before.miss };
  };
  const pipeline = slowPipeline();
  const ask = (at: number) =>
    (at % 2 === 0 ? mesh.client : other).jobs.create({ pipeline, pictures: [{ bytes: robot }] });
  mesh.hold();
  const first = await ask(0);
  await untilStep(first.id, "fx", StepState.RUNNING);
  const joining = await Promise.all(Array.from({ length: 12 }, (_, at) => ask(at)));
  mesh.release();
  for (const { id } of [first, ...joining])
    expect(await mesh.client.jobs.wait(id)).toMatchObject({ state: JobState.SUCCEEDED });
  expect(await since()).toEqual({ hit: 0, coalesced: 12, miss: 1 });
  for (let at = 0; at < 4; at++) await other.jobs.wait((await ask(at)).id);
  expect(await since()).toEqual({ hit: 4, coalesced: 12, miss: 1 });
  other.close();
});

test.each([0, 1])(
  "when the job that runs a step is cancelled, the run goes on for the waiter, replica %i",
  async (at) => {
    const asked = at === 0 ? mesh.client : connectPixelmesh({ address: second.address });
    const pipeline = slowPipeline();
    mesh.hold();
    const first = await create(pipeline);
    // A step is shown as running from its first progress on, which is before its start. Both replicas know the start once it is in the log.
    await expect.poll(() => countStarts(bus, first.id), { interval: 20, timeout: 60_000 }).toBe(1);
    const heir = await create(pipeline);
    await expect.poll(async () => (await keysLeft(bus, "waits")).length, { interval: 20 }).toBe(1);
    expect(await asked.jobs.cancel(first.id)).toMatchObject({ state: JobState.CANCELLED });
    mesh.release();
    expect(await asked.jobs.wait(heir.id)).toMatchObject({ state: JobState.SUCCEEDED });
    expect([await countStarts(bus, first.id), await countStarts(bus, heir.id)]).toEqual([1, 0]);
    expect((await mesh.client.jobs.get(first.id)).state).toBe(JobState.CANCELLED);
    await expect.poll(() => keysLeft(bus, "waits")).toEqual([]);
    if (asked !== mesh.client) asked.close();
  },
);

test("a claim without waiters ends with its job, and the next equal job runs", async () => {
  const pipeline = slowPipeline();
  mesh.hold();
  const first = await create(pipeline);
  await untilStep(first.id, "fx", StepState.RUNNING);
  await mesh.client.jobs.cancel(first.id);
  mesh.release();
  const next = await create(pipeline);
  // Its own run made the result: nothing of the cancelled one was taken.
  expect(await mesh.client.jobs.wait(next.id)).toMatchObject({
    state: JobState.SUCCEEDED,
    steps: [{ cached: false, attempt: 1 }],
  });
});

test("a cancelled waiter does not disturb the run", async () => {
  const pipeline = slowPipeline();
  mesh.hold();
  const first = await create(pipeline);
  const waiter = await create(pipeline);
  await mesh.client.jobs.cancel(waiter.id);
  mesh.release();
  expect(await mesh.client.jobs.wait(first.id)).toMatchObject({ state: JobState.SUCCEEDED });
  expect((await mesh.client.jobs.get(waiter.id)).state).toBe(JobState.CANCELLED);
});

test("a step is not run when an equal one failed deterministically", async () => {
  const cut = robot.subarray(0, 2_000 + Math.floor(Math.random() * 1_000));
  const pipeline = { steps: [effectStep("fx", "dither")] };
  const first = await mesh.client.jobs.wait((await create(pipeline, cut)).id);
  const second = await mesh.client.jobs.wait((await create(pipeline, cut)).id);
  for (const job of [first, second])
    expect(job).toMatchObject({ state: JobState.FAILED, error: { reason: ErrorReason.IMAGE_TRUNCATED } });
  expect(await countStarts(bus, second.id)).toBe(0);
});

test("a tenant at its limit of open jobs is refused with a retry delay", async () => {
  await using small = await startReplica(mesh, bus, "ingest", {
    env: { ...env, PIXELMESH_INGEST_MAX_OPEN_JOBS_PER_TENANT: "2" },
  });
  const client = connectPixelmesh({
    address: small.address,
    tenant: `small-${Math.random().toString(36).slice(2)}`,
    retryTimeoutMs: 0,
  });
  const ask = () => client.jobs.create({ pipeline: slowPipeline(), pictures: [{ bytes: robot }] });
  mesh.hold();
  const open = [await ask(), await ask()];
  await expect(ask()).rejects.toMatchObject({ reason: "TOO_MANY_JOBS", retryAfterMs: expect.any(Number) });
  await Promise.all(open.map(({ id }) => client.jobs.cancel(id)));
  await expect
    .poll(
      () =>
        ask().then(
          () => true,
          () => false,
        ),
      { interval: 200 },
    )
    .toBe(true);
  client.close();
});
