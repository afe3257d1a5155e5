import { type Bus, hasWork, openStore } from "@pixelmesh/bus";
import { type Job, JobState } from "@pixelmesh/client";
import { OpenEntry, StepState } from "@pixelmesh/proto";
import { startTestMesh, type TestMesh } from "@pixelmesh/testing";
import { robot, step } from "@pixelmesh/testing/jobs";
import { connectTestBus, countRuns, countStarts, keysLeft } from "@pixelmesh/testing/processes";
import sharp from "sharp";
import { afterAll, beforeAll, expect, test } from "vitest";

const env = { PIXELMESH_NATS_ACK_WAIT: "1s", PIXELMESH_INGEST_RECONCILE_AFTER: "1s" };
let mesh: TestMesh;
let bus: Bus & AsyncDisposable;
let large: Buffer;
beforeAll(async () => {
  large = await sharp(robot).resize(2_400).png().toBuffer();
  mesh = await startTestMesh({ env });
  bus = await connectTestBus(mesh.brokerUrl());
});
afterAll(async () => {
  await bus?.[Symbol.asyncDispose]();
  await mesh?.[Symbol.asyncDispose]();
});

// Seconds of work: only runs above half a second have their start in the log.
const effects = Array.from({ length: 12 }, () => ({ name: "denoise", parameters: {} }));
const pipeline = { steps: [step("fx", { $case: "applyEffects", value: { effects } } as never)] };
// Without stored results only the reconciler can recover the work.
const create = () => mesh.client.jobs.create({ pipeline, pictures: [{ bytes: large }], noCache: true });
const worker = () => mesh.processes().find(({ name }) => name === "effects")?.pid as number;

/** Deletes the newest message of a subject, as if the broker had lost it. */
async function lose(stream: string, subject: string): Promise<void> {
  const found = await bus.jsm.streams.getMessage(stream, { last_by_subj: subject });
  expect(found).not.toBeNull();
  await bus.jsm.streams.deleteMessage(stream, found?.seq as number);
}
const loseWork = ({ id }: Job) => lose("WORK_EFFECTS", `work.effects.interactive.${id}.fx.1`);

test("work whose message is lost is published again, although the broker still deduplicates its id", async () => {
  await mesh.client.effects();
  process.kill(worker(), "SIGSTOP");
  const job = await create();
  await loseWork(job);
  const run = { jobId: job.id, stepId: "fx", attempt: 1, priority: job.priority };
  await expect.poll(() => hasWork(bus, "effects", run)).toBe(true);
  process.kill(worker(), "SIGCONT");
  expect((await mesh.client.jobs.wait(job.id)).state).toBe(JobState.SUCCEEDED);
  await expect.poll(() => countRuns(bus, "effects")).toBe(1);
});

test("a step whose worker and message are both lost is retried", async () => {
  const job = await create();
  await expect.poll(() => countStarts(bus, job.id), { interval: 20 }).toBe(1);
  await expect
    .poll(async () => (await mesh.client.jobs.get(job.id)).steps[0]?.state, { interval: 20 })
    .toBe(StepState.RUNNING);
  mesh.kill("effects", "SIGKILL");
  await loseWork(job);
  const ended = await mesh.client.jobs.wait(job.id);
  expect(ended).toMatchObject({ state: JobState.SUCCEEDED, steps: [{ attempt: 2 }] });
});

test("open entries of ended and unknown jobs are removed, and so is the entry of a call that lost its request id", async () => {
  const job = await mesh.client.jobs.wait((await create()).id);
  await expect.poll(() => keysLeft(bus, "open")).toEqual([]);
  const open = await openStore(bus, "open", OpenEntry);
  const never = job.id.replace(/....$/, "0000");
  const repeated = job.id.replace(/^j2a-........-..../, "j2a-01000000-0000");
  for (const jobId of [job.id, never, repeated])
    await open.put(`default.${jobId}`, { jobId, tenant: "default", dueUnixMs: Date.now() });
  await expect.poll(() => keysLeft(bus, "open")).toEqual([]);
  expect(await mesh.client.jobs.get(job.id)).toEqual(job);
});
