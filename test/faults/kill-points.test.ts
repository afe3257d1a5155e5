import type { Bus } from "@pixelmesh/bus";
import { connectPixelmesh, JobState } from "@pixelmesh/client";
import { startTestMesh, type TestMesh } from "@pixelmesh/testing";
import { download, effectStep, robot } from "@pixelmesh/testing/jobs";
import { connectTestBus, countEnds, keysLeft } from "@pixelmesh/testing/processes";
import { afterAll, beforeAll, expect, test } from "vitest";
import { startFaultyReplica } from "../support/faulty-replica.ts";

// By enumeration: a process kills itself right before its first durable write, then another before its second, and
// so on, until one completes. The other replica is stopped meanwhile, so that every write is the victim's.
const env = { PIXELMESH_NATS_ACK_WAIT: "1s", PIXELMESH_INGEST_RECONCILE_AFTER: "1s", PIXELMESH_STOP_GRACE: "2s" };
const maxPoints = 40;
// Only the last process takes this long: all others die much earlier, also on a busy machine.
const survivedMs = 5_000;

let mesh: TestMesh;
let bus: Bus & AsyncDisposable;
beforeAll(async () => {
  mesh = await startTestMesh({ env });
  bus = await connectTestBus(mesh.brokerUrl());
});
afterAll(async () => {
  await bus?.[Symbol.asyncDispose]();
  await mesh?.[Symbol.asyncDispose]();
});

// A new contrast gives a new result key, also in a repeated test. With a stored result there would be no work.
const freshPipeline = () => ({
  steps: [effectStep("fx", "black_and_white", { contrast: 1 + Math.random() / 4 })],
});

async function expectOneEnd(id: string): Promise<void> {
  const job = await mesh.client.jobs.wait(id, { signal: AbortSignal.timeout(30_000) });
  expect(job).toMatchObject({ state: JobState.SUCCEEDED, error: undefined });
  expect((await download(mesh.client, job, "result")).length).toBeGreaterThan(1_000);
}

/** Outcomes as ingest counts them: a picture that cannot be decoded is rejected. */
const outcomeOf = (state: JobState) => (state === JobState.SUCCEEDED ? "succeeded" : "rejected");

/** Expects that the one living ingest has counted one more end. */
async function expectOneCount(state: JobState, before: number): Promise<void> {
  await expect.poll(() => keysLeft(bus, "open")).toEqual([]);
  await expect.poll(async () => (await countEnds(bus, outcomeOf(state))) - before).toBe(1);
}

/**
 * Plays with a victim that dies before its first write, its second and so on until one completes, then once before each of
 * `kinds` that did not occur: one run may need two writes where another needs one. Returns the writes that a victim died before.
 */
async function dieAtEveryWrite(
  kinds: readonly string[],
  play: (diesAt: number | string) => Promise<string | undefined>,
): Promise<ReadonlySet<string>> {
  const reached = new Set<string>();
  let point = 1;
  for (let died = await play(point); died !== undefined; died = await play(++point)) {
    reached.add(died);
    expect(point).toBeLessThan(maxPoints);
  }
  for (const kind of kinds) {
    if (reached.has(kind)) continue;
    expect(await play(kind)).toBe(kind);
    reached.add(kind);
  }
  return reached;
}

const diedBefore = ({ errorOutput }: { errorOutput(): string }) => /dies before: (.*)/.exec(errorOutput())?.[1];

const writesOfIngest = [
  "put open",
  "create jobs",
  "create results",
  "publish WORK_EFFECTS",
  "update jobs",
  "remove open",
];

test.each([
  [true, "and its caller comes back with the request id"],
  [false, "and its caller is never heard of again"],
])("a job survives ingest dying between any two of its writes (%s), %s", { timeout: 360_000 }, async (comesBack) => {
  const keeper = mesh.processes().find(({ name }) => name === "ingest");
  const reached = await dieAtEveryWrite(writesOfIngest, async (diesAt) => {
    const endsBefore = await countEnds(bus, "succeeded");
    await using victim = await startFaultyReplica(mesh, bus, "ingest", diesAt, env);
    process.kill(keeper?.pid as number, "SIGSTOP");
    const client = connectPixelmesh({ address: victim.address, retryTimeoutMs: 0 });
    const request = {
      pipeline: freshPipeline(),
      pictures: [{ bytes: robot }],
      requestId: `point-${diesAt}-${Math.random()}`.replaceAll(" ", "-"),
    };
    let acknowledged: string | undefined;
    try {
      acknowledged = (await client.jobs.create(request)).id;
      await client.jobs.wait(acknowledged, { signal: AbortSignal.timeout(20_000) });
    } catch {
      // It died during the call, or during the watch.
    } finally {
      // Writes after the end, such as the removal of the entry in `open`, follow the watcher's event.
      await Promise.race([victim.exited, new Promise((next) => setTimeout(next, survivedMs))]);
      process.kill(keeper?.pid as number, "SIGCONT");
      client.close();
    }
    if (comesBack) {
      const again = await mesh.client.jobs.create(request);
      if (acknowledged !== undefined) expect(again.id).toBe(acknowledged);
      await expectOneEnd(again.id);
    } else if (acknowledged !== undefined) {
      await expectOneEnd(acknowledged);
    }
    await expect.poll(() => keysLeft(bus, "open")).toEqual([]);
    // The count of a victim is gone with it.
    expect((await countEnds(bus, "succeeded")) - endsBefore).toBeLessThanOrEqual(1);
    return diedBefore(victim);
  });
  // On a slow machine the run may last long enough for a start in the log.
  expect(new Set([...reached, "ack JOB_EVENTS"])).toEqual(new Set([...writesOfIngest, "ack JOB_EVENTS"]));
  for await (const job of mesh.client.jobs.list()) expect(job.state).not.toBe(JobState.RUNNING);
});

test.each([
  ["does its work", robot, JobState.SUCCEEDED, ["update results", "ack WORK_EFFECTS"]],
  ["finds that it cannot", robot.subarray(0, 2_000), JobState.FAILED, ["update results", "ack WORK_EFFECTS"]],
])(
  "a job survives a worker that %s and dies between any two of its writes",
  { timeout: 240_000 },
  async (_, bytes, state, writes) => {
    const sleeper = mesh.processes().find(({ name }) => name === "effects");
    await dieAtEveryWrite(writes, async (diesAt) => {
      const endsBefore = await countEnds(bus, outcomeOf(state));
      await using victim = await startFaultyReplica(mesh, bus, "effects", diesAt, env);
      // Ingest asks the stopped worker for its catalogue, and caches that for five seconds.
      await mesh.client.effects();
      process.kill(sleeper?.pid as number, "SIGSTOP");
      const { id } = await mesh.client.jobs.create({ pipeline: freshPipeline(), pictures: [{ bytes }] });
      const ended = mesh.client.jobs.wait(id);
      await Promise.race([victim.exited, ended]);
      // The acknowledgement follows the job's end.
      await Promise.race([victim.exited, new Promise((next) => setTimeout(next, survivedMs))]);
      process.kill(sleeper?.pid as number, "SIGCONT");
      expect((await ended).state).toBe(state);
      await expectOneCount(state, endsBefore);
      return diedBefore(victim);
    });
    await expect.poll(() => keysLeft(bus, "open")).toEqual([]);
  },
);

// The ingest that dispatched a step is stopped, so the worker gets no answer from it and uses the log.

test("a job survives ingest reading its events from the log and dying between any two of its writes", {
  timeout: 240_000,
}, async () => {
  const keeper = mesh.processes().find(({ name }) => name === "ingest");
  const sleeper = mesh.processes().find(({ name }) => name === "effects");
  const writes = ["update jobs", "remove open", "ack JOB_EVENTS"];
  await dieAtEveryWrite(writes, async (diesAt) => {
    const endsBefore = await countEnds(bus, "succeeded");
    await mesh.client.effects();
    process.kill(sleeper?.pid as number, "SIGSTOP");
    const { id } = await mesh.client.jobs.create({ pipeline: freshPipeline(), pictures: [{ bytes: robot }] });
    process.kill(keeper?.pid as number, "SIGSTOP");
    await using victim = await startFaultyReplica(mesh, bus, "ingest", diesAt, env);
    process.kill(sleeper?.pid as number, "SIGCONT");
    const client = connectPixelmesh({ address: victim.address, retryTimeoutMs: 0 });
    const ended = client.jobs.wait(id, { signal: AbortSignal.timeout(20_000) }).catch(() => undefined);
    await Promise.race([victim.exited, ended]);
    await Promise.race([victim.exited, new Promise((next) => setTimeout(next, survivedMs))]);
    process.kill(keeper?.pid as number, "SIGCONT");
    client.close();
    await expectOneEnd(id);
    await expect.poll(() => keysLeft(bus, "open")).toEqual([]);
    expect((await countEnds(bus, "succeeded")) - endsBefore).toBeLessThanOrEqual(1);
    return diedBefore(victim);
  });
});

test.each([
  ["does its work", robot, JobState.SUCCEEDED],
  ["finds that it cannot", robot.subarray(0, 2_000), JobState.FAILED],
])(
  "a job survives a worker that %s, uses the log, and dies between any two of its writes",
  { timeout: 240_000 },
  async (_, bytes, state) => {
    const keeper = mesh.processes().find(({ name }) => name === "ingest");
    const sleeper = mesh.processes().find(({ name }) => name === "effects");
    const writes = ["update results", "publish JOB_EVENTS", "ack WORK_EFFECTS"];
    await dieAtEveryWrite(writes, async (diesAt) => {
      const endsBefore = await countEnds(bus, outcomeOf(state));
      await mesh.client.effects();
      process.kill(sleeper?.pid as number, "SIGSTOP");
      const { id } = await mesh.client.jobs.create({ pipeline: freshPipeline(), pictures: [{ bytes }] });
      process.kill(keeper?.pid as number, "SIGSTOP");
      await using victim = await startFaultyReplica(mesh, bus, "effects", diesAt, env);
      const left = async () => (await bus.jsm.streams.info("WORK_EFFECTS")).state.messages;
      await Promise.race([victim.exited, expect.poll(left, { timeout: 20_000 }).toBe(0)]);
      process.kill(keeper?.pid as number, "SIGCONT");
      process.kill(sleeper?.pid as number, "SIGCONT");
      expect((await mesh.client.jobs.wait(id)).state).toBe(state);
      await expectOneCount(state, endsBefore);
      return diedBefore(victim);
    });
    await expect.poll(() => keysLeft(bus, "open")).toEqual([]);
  },
);
