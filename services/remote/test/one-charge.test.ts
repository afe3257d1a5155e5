import { JobState, reasonFromEnum } from "@pixelmesh/client";
import { decodePicture, defaultLimits } from "@pixelmesh/imaging";
import { download, robot } from "@pixelmesh/testing/jobs";
import { connectTestBus } from "@pixelmesh/testing/processes";
import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import { type RemoteMesh, remotePipeline, startRemoteMesh } from "./start-remote-mesh.ts";

let remote: RemoteMesh;
let bus: Awaited<ReturnType<typeof connectTestBus>>;
beforeAll(async () => {
  remote = await startRemoteMesh();
  bus = await connectTestBus(remote.mesh.brokerUrl());
});
afterAll(async () => {
  await bus?.[Symbol.asyncDispose]();
  await remote?.[Symbol.asyncDispose]();
});
beforeEach(() => remote.provider.control.reset());

const total = async () => (await remote.provider.control.stats()).total;
const create = (model: Parameters<typeof remotePipeline>[0] = "quick-1") =>
  remote.mesh.client.jobs.create({ pipeline: remotePipeline(model), pictures: [{ bytes: robot }] });
const waitFor = (id: string) => remote.mesh.client.jobs.wait(id, { signal: AbortSignal.timeout(120_000) });

/** Keys of the bucket. Its entries are purged, never marked as deleted. */
async function entriesLeft(): Promise<string[]> {
  const info = await bus.jsm.streams.info("KV_predictions", { subjects_filter: ">" });
  return Object.keys(info.state.subjects ?? {});
}

/** One prediction, one charge, no attempt more, a result, and no entry left. */
async function expectOneCharge(id: string, attempt = 1): Promise<void> {
  const job = await waitFor(id);
  expect(job).toMatchObject({ state: JobState.SUCCEEDED, error: undefined });
  expect(job.steps[0]).toMatchObject({ attempt, cost: { actualMicros: 10_000, provider: "fake" } });
  expect(await total()).toMatchObject({ created: 1, charged: 1, succeeded: 1 });
  await expect.poll(() => entriesLeft()).toEqual([]);
}

test("a job sends its picture, gets the answer's picture as its result, and says what it cost and that the picture left the mesh", async () => {
  const job = await waitFor((await create()).id);
  expect(job.state).toBe(JobState.SUCCEEDED);
  expect(job.notices.map(({ kind }) => kind)).toContain("left_mesh");
  const { frame } = await decodePicture(await download(remote.mesh.client, job, "result"), defaultLimits);
  // The robot of 400 × 480 is sent with a longer side of 256.
  expect([frame.widthPx, frame.heightPx]).toEqual([213, 256]);
  expect(job.steps[0]?.cost).toMatchObject({
    estimateMicros: 10_000,
    actualMicros: 10_000,
    currency: "USD",
    provider: "fake",
  });
  await expect.poll(() => entriesLeft()).toEqual([]);
});

test("a worker that is killed while it waits leaves its prediction to the next one", async () => {
  await remote.provider.control.behave("quick-1", { workMs: 6_000 });
  const { id } = await create();
  await expect.poll(async () => (await total()).created).toBe(1);
  await expect.poll(() => entriesLeft()).toHaveLength(1);
  remote.mesh.kill("remote");
  await expectOneCharge(id);
});

test("a worker that is killed before it has the id of its prediction leaves a call that is found in the provider's list", async () => {
  await remote.provider.control.behave("quick-1", { workMs: 4_000 });
  await remote.provider.control.fail({ at: "create", times: 1, afterwards: true, delayMs: 20_000 });
  const { id } = await create();
  await expect.poll(async () => (await total()).created).toBe(1);
  remote.mesh.kill("remote");
  await expectOneCharge(id);
});

test("a worker that is killed while it reads the answer leaves it to be read again", async () => {
  await remote.provider.control.fail({ at: "file", times: 1, delayMs: 20_000 });
  const { id } = await create();
  await expect.poll(async () => (await total()).succeeded).toBe(1);
  // The slot is given back as soon as the answer is there.
  await expect.poll(async () => (await remote.mesh.client.cluster()).slots).toEqual([]);
  remote.mesh.kill("remote");
  await expectOneCharge(id);
});

test("the end of a job cancels its prediction at the provider", async () => {
  await remote.provider.control.behave("slow-1", { workMs: 60_000 });
  const { id } = await create("slow-1");
  await expect.poll(async () => (await total()).created).toBe(1);
  await remote.mesh.client.jobs.cancel(id);
  await expect.poll(async () => (await total()).cancelled).toBe(1);
  await expect.poll(() => entriesLeft()).toEqual([]);
  expect((await waitFor(id)).state).toBe(JobState.CANCELLED);
});

test("a deadline cancels the prediction at the provider", async () => {
  await remote.provider.control.behave("slow-1", { workMs: 60_000 });
  const { id } = await remote.mesh.client.jobs.create({
    pipeline: remotePipeline("slow-1"),
    pictures: [{ bytes: robot }],
    deadline: new Date(Date.now() + 4_000),
  });
  await expect.poll(async () => (await total()).cancelled).toBe(1);
  expect(reasonFromEnum((await waitFor(id)).error?.reason ?? 0)).toBe("DEADLINE_EXCEEDED");
});

test("a rate limit closes the provider for the time that it names; the step waits and is no further attempt", async () => {
  await remote.provider.control.fail({ at: "create", times: 1, status: 429, headers: { "retry-after": "3" } });
  const startedMs = performance.now();
  const { id } = await create();
  await expect
    .poll(
      async () =>
        (await remote.mesh.client.cluster()).devices.find(({ deviceId }) => deviceId === "provider/fake")?.closedForMs,
    )
    .toBeGreaterThan(0);
  await expectOneCharge(id);
  expect(performance.now() - startedMs).toBeGreaterThan(2_900);
});
