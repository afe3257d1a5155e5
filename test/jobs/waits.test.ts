import { readFileSync } from "node:fs";
import { type Job, JobState, StepState, WaitReason } from "@pixelmesh/client";
import { type HoldSlotRequest, Priority, SchedulerServiceDefinition, SlotRequest, WorkClass } from "@pixelmesh/proto";
import { startedRoles } from "@pixelmesh/roles";
import { connectRpc, createSendQueue } from "@pixelmesh/rpc";
import { startTestMesh, type TestMesh } from "@pixelmesh/testing";
import { afterAll, beforeAll, expect, onTestFinished, test } from "vitest";

let mesh: TestMesh;
const bytes = readFileSync("examples/portrait-object.jpg");

beforeAll(async () => {
  mesh = await startTestMesh({ services: startedRoles({}) });
}, 120_000);
afterAll(() => mesh?.[Symbol.asyncDispose]());

const addressOf = (role: string) => mesh.processes().find(({ name }) => name === role)?.grpc ?? "";

/** Takes all compute tokens of the machine. Resolves with its id and a function that gives them back. */
async function takeCompute(): Promise<{ readonly deviceId: string; readonly release: () => void }> {
  const connection = connectRpc(addressOf("scheduler"));
  const scheduler = connection.client(SchedulerServiceDefinition);
  const [deviceId = ""] = (await scheduler.getCluster({})).devices.map((device) => device.deviceId);
  const request = SlotRequest.fromPartial({
    service: "test",
    instance: "0",
    deviceIds: [deviceId],
    workClass: WorkClass.HEAVY,
    priority: Priority.BATCH,
    options: [{ batch: 1, peakBytes: 1_024, computeTokens: 1_000 }],
  });
  const outbox = createSendQueue<HoldSlotRequest>();
  const send = (message: NonNullable<HoldSlotRequest["message"]>) => outbox.push({ message });
  send({ $case: "request", value: request });
  const granted = Promise.withResolvers<void>();
  const following = (async () => {
    for await (const { message } of scheduler.holdSlot(outbox)) if (message?.$case === "grant") granted.resolve();
  })();
  const renewing = setInterval(() => send({ $case: "renewal", value: {} }), 2_000);
  let isReleased = false;
  const release = () => {
    if (isReleased) return;
    isReleased = true;
    clearInterval(renewing);
    send({ $case: "release", value: { peakBytes: 0, runMs: 0, outOfMemory: false } });
    outbox.end();
  };
  onTestFinished(async () => {
    release();
    await following;
    connection.close();
  });
  await granted.promise;
  return { deviceId, release };
}

/** Creates a job of one effect: work without a model, so that only compute is short. */
const create = (contrast: number, noCache = true) => {
  const parameters = { contrast: { kind: { $case: "number" as const, value: contrast } } };
  const effects = [{ name: "black_and_white", parameters }];
  return mesh.client.jobs.create({
    pipeline: { steps: [{ id: "look", operation: { $case: "applyEffects", value: { effects } } }] },
    pictures: [{ bytes }],
    noCache,
  });
};

/** Watches a job until its step waits for `reason`. Returns it as it was then. */
async function whenWaiting(jobId: string, reason: WaitReason): Promise<Job> {
  for await (const job of mesh.client.jobs.watch(jobId, { signal: AbortSignal.timeout(60_000) }))
    if (job.steps[0]?.wait?.reason === reason) return job;
  throw new Error("The job has ended without the wait");
}

test("a step that waits for a slot tells the reason, the device and its place, in a watch, by HTTP and in one reading", async () => {
  const { deviceId, release } = await takeCompute();
  const jobs = [await create(1), await create(1)];
  const waits = await Promise.all(jobs.map(async ({ id }) => (await whenWaiting(id, WaitReason.COMPUTE)).steps[0]));
  expect(waits.map((step) => step?.state)).toEqual([StepState.READY, StepState.READY]);
  expect(waits.map((step) => step?.wait?.deviceId)).toEqual([deviceId, deviceId]);
  expect(waits.map((step) => step?.wait?.position).sort()).toEqual([1, 2]);
  const [first] = jobs;
  const shown = await fetch(`http://${addressOf("gateway")}/v1/jobs/${first?.id}`);
  expect(await shown.json()).toMatchObject({
    steps: [{ state: "READY", wait: { reason: "compute", position: expect.any(Number), deviceId } }],
  });
  const events = await fetch(`http://${addressOf("gateway")}/v1/jobs/${first?.id}/events`);
  const reader = events.body?.pipeThrough(new TextDecoderStream()).getReader();
  let text = "";
  while (!text.includes('"reason":"compute"')) text += (await reader?.read())?.value ?? "";
  await reader?.cancel();
  // The wait is reported again and again, so that it does not look stale.
  await new Promise((resolve) => setTimeout(resolve, 4_000));
  expect((await mesh.client.jobs.get(first?.id ?? "")).steps[0]?.wait?.reason).toBe(WaitReason.COMPUTE);
  release();
  for (const { id } of jobs) {
    const ended = await mesh.client.jobs.wait(id);
    expect(ended.state).toBe(JobState.SUCCEEDED);
    expect(ended.steps[0]?.wait).toBeUndefined();
  }
});

test("a step that waits for an equal one says so, and takes its result", async () => {
  const { release } = await takeCompute();
  const first = await create(1.1, false);
  await whenWaiting(first.id, WaitReason.COMPUTE);
  const second = await create(1.1, false);
  await whenWaiting(second.id, WaitReason.EQUAL_STEP);
  release();
  expect((await mesh.client.jobs.wait(second.id)).steps[0]).toMatchObject({ state: StepState.SUCCEEDED, cached: true });
});

test("a step that no worker has taken is in the queue of its service", async () => {
  const { pid } = mesh.processes().find(({ name }) => name === "effects") as { pid: number };
  process.kill(pid, "SIGSTOP");
  onTestFinished(() => void process.kill(pid, "SIGCONT"));
  const { id } = await create(1);
  expect((await whenWaiting(id, WaitReason.QUEUE)).steps[0]?.wait).toMatchObject({ position: 0, deviceId: "" });
  process.kill(pid, "SIGCONT");
  expect((await mesh.client.jobs.wait(id)).state).toBe(JobState.SUCCEEDED);
});
