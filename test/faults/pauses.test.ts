import type { Bus } from "@pixelmesh/bus";
import { JobState } from "@pixelmesh/client";
import { StepState } from "@pixelmesh/proto";
import { startTestMesh, type TestMesh } from "@pixelmesh/testing";
import { download, effectStep, robot, slowPicture, slowPipeline } from "@pixelmesh/testing/jobs";
import { connectTestBus, countEnds, countStarts, keysLeft, startReplica } from "@pixelmesh/testing/processes";
import { afterAll, beforeAll, expect, onTestFinished, test } from "vitest";

const env = { PIXELMESH_NATS_ACK_WAIT: "1s", PIXELMESH_INGEST_RECONCILE_AFTER: "2s" };
let mesh: TestMesh;
let bus: Bus & AsyncDisposable;
let large: Buffer;
beforeAll(async () => {
  large = await slowPicture();
  mesh = await startTestMesh({ env });
  bus = await connectTestBus(mesh.brokerUrl());
});
afterAll(async () => {
  await bus?.[Symbol.asyncDispose]();
  await mesh?.[Symbol.asyncDispose]();
});

const messagesLeft = async () => (await bus.jsm.streams.info("WORK_EFFECTS")).state.messages;

test.each([
  ["when all is over", 0],
  ["while its successor works", 400],
])("a worker that was stopped for longer than ack_wait and continues %s changes no result", async (_, wakesAfterMs) => {
  const paused = mesh.processes().find(({ name }) => name === "effects")?.pid as number;
  const endsBefore = await countEnds(bus, "succeeded");
  const pipeline = slowPipeline();
  const { id } = await mesh.client.jobs.create({ pipeline, pictures: [{ bytes: large }], noCache: true });
  await expect
    .poll(async () => (await mesh.client.jobs.get(id)).steps[0]?.state, { interval: 20 })
    .toBe(StepState.RUNNING);
  await expect.poll(() => countStarts(bus, id), { interval: 20 }).toBe(1);
  process.kill(paused, "SIGSTOP");
  onTestFinished(() => void process.kill(paused, "SIGCONT"));
  await using _successor = await startReplica(mesh, bus, "effects", { env });
  await expect.poll(() => countStarts(bus, id), { interval: 20 }).toBe(2);
  if (wakesAfterMs > 0) {
    await new Promise((next) => setTimeout(next, wakesAfterMs));
    process.kill(paused, "SIGCONT");
  }
  const job = await mesh.client.jobs.wait(id);
  process.kill(paused, "SIGCONT");
  expect(job).toMatchObject({ state: JobState.SUCCEEDED, error: undefined });
  const bytes = await download(mesh.client, job, "result");
  // The stopped worker has ended its run by now, with any outcome.
  await new Promise((next) => setTimeout(next, 8_000));
  expect(await mesh.client.jobs.get(id)).toEqual(job);
  expect(await download(mesh.client, job, "result")).toEqual(bytes);
  // One start each. On a busy machine one heartbeat of the successor may be late, which causes a retry.
  expect(await countStarts(bus, id)).toBeLessThanOrEqual(3);
  expect((await countEnds(bus, "succeeded")) - endsBefore).toBe(1);
  await expect.poll(messagesLeft).toBe(0);
  expect(mesh.events().filter(({ kind }) => kind === "restarted")).toEqual([]);
});

test("no acknowledged job is lost when the broker is killed under load, and no entry is left", {
  timeout: 180_000,
}, async () => {
  const endsBefore = await countEnds(bus, "succeeded");
  const ids: string[] = [];
  let next = 0;
  const submit = async () => {
    while (next < 120) {
      const at = next++;
      if (at === 60) mesh.kill("broker", "SIGKILL");
      const pipeline = { steps: [effectStep("fx", "black_and_white", { contrast: 1 + at / 1_000 })] };
      ids.push((await mesh.client.jobs.create({ pipeline, pictures: [{ bytes: robot }] })).id);
    }
  };
  await Promise.all(Array.from({ length: 8 }, submit));
  expect(new Set(ids).size).toBe(120);
  const ended = await Promise.all(ids.map((id) => mesh.client.jobs.wait(id)));
  expect(ended.filter(({ state }) => state !== JobState.SUCCEEDED)).toEqual([]);
  await expect.poll(() => keysLeft(bus, "open")).toEqual([]);
  // An end is not counted if the broker died before it answered the removal from `open`.
  expect((await countEnds(bus, "succeeded")) - endsBefore).toBeLessThanOrEqual(120);
  // The reconciler searches every 30 s for acknowledged messages that the crash restored.
  await expect.poll(messagesLeft, { timeout: 60_000, interval: 500 }).toBe(0);
});
