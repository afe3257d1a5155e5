import type { Bus } from "@pixelmesh/bus";
import { JobState } from "@pixelmesh/client";
import { StepState } from "@pixelmesh/proto";
import { startTestMesh, type TestMesh } from "@pixelmesh/testing";
import { effectStep, robot, step } from "@pixelmesh/testing/jobs";
import { connectTestBus, countStarts, keysLeft } from "@pixelmesh/testing/processes";
import sharp from "sharp";
import { afterAll, beforeAll, expect, test } from "vitest";

let mesh: TestMesh;
let bus: Bus & AsyncDisposable;
beforeAll(async () => {
  mesh = await startTestMesh();
  bus = await connectTestBus(mesh.brokerUrl());
});
afterAll(async () => {
  await bus?.[Symbol.asyncDispose]();
  await mesh?.[Symbol.asyncDispose]();
});

// Several seconds of work, so that it outlasts the restart of the scheduler.
const slow = Array.from({ length: 16 }, () => ({ name: "denoise", parameters: {} }));
/** The leading scheduler's slot of a job, with its term; undefined while no scheduler leads. */
async function lookAt(jobId: string) {
  const cluster = await mesh.client.cluster().catch(() => undefined);
  return cluster && { term: cluster.leaderTerm, slots: cluster.slots.filter((slot) => slot.jobId === jobId).length };
}

test("a scheduler killed under load does not disturb running work: its slot is announced again, and every job succeeds", async () => {
  const picture = await sharp(robot).resize(2_400).png().toBuffer();
  const running = await mesh.client.jobs.create({
    pipeline: { steps: [step("fx", { $case: "applyEffects", value: { effects: slow } })] },
    pictures: [{ bytes: picture }],
    noCache: true,
  });
  const stateOf = async () => (await mesh.client.jobs.get(running.id)).steps[0]?.state;
  await expect.poll(stateOf, { timeout: 20_000 }).toBe(StepState.RUNNING);
  const submit = () =>
    mesh.client.jobs.create({
      pipeline: { steps: [effectStep("bw", "black_and_white")] },
      pictures: [{ bytes: robot }],
      noCache: true,
    });
  const others = await Promise.all(Array.from({ length: 10 }, submit));
  const before = await lookAt(running.id);
  expect(before?.slots).toBe(1);

  mesh.kill("scheduler", "SIGKILL");
  others.push(...(await Promise.all(Array.from({ length: 10 }, submit))));
  await expect
    .poll(
      async () => {
        const now = await lookAt(running.id);
        return now && now.term > (before?.term ?? 0) ? now.slots : -1;
      },
      { timeout: 20_000 },
    )
    .toBe(1);

  const ended = await mesh.client.jobs.wait(running.id);
  expect(ended).toMatchObject({ state: JobState.SUCCEEDED, steps: [{ attempt: 1 }] });
  expect(await countStarts(bus, running.id)).toBe(1);
  for (const { id } of others) expect((await mesh.client.jobs.wait(id)).error).toBeUndefined();
  await expect.poll(() => keysLeft(bus, "open"), { timeout: 20_000 }).toEqual([]);
  await expect.poll(async () => (await mesh.client.cluster()).slots, { timeout: 20_000 }).toEqual([]);
  const restarted = mesh.events().flatMap((event) => (event.kind === "restarted" ? [event.name] : []));
  expect(new Set(restarted)).toEqual(new Set(["scheduler"]));
});
