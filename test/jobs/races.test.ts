import type { Bus } from "@pixelmesh/bus";
import { connectPixelmesh, type Job, JobState } from "@pixelmesh/client";
import { startTestMesh, type TestMesh } from "@pixelmesh/testing";
import { step } from "@pixelmesh/testing/jobs";
import { connectTestBus, countEnds, keysLeft, type Replica, startReplica } from "@pixelmesh/testing/processes";
import sharp from "sharp";
import { afterAll, beforeAll, expect, test } from "vitest";

let mesh: TestMesh;
let bus: Bus & AsyncDisposable;
let second: Replica;
beforeAll(async () => {
  mesh = await startTestMesh();
  bus = await connectTestBus(mesh.brokerUrl());
  second = await startReplica(mesh, bus, "ingest");
});
afterAll(async () => {
  await second?.[Symbol.asyncDispose]();
  await bus?.[Symbol.asyncDispose]();
  await mesh?.[Symbol.asyncDispose]();
});

test("a thousand races of cancel and complete on two replicas each end in exactly one state", {
  timeout: 300_000,
}, async () => {
  const raw = { width: 320, height: 320, channels: 3 as const };
  const bytes = await sharp(Buffer.alloc(320 * 320 * 3, 90), { raw })
    .png()
    .toBuffer();
  const other = connectPixelmesh({ address: second.address });
  const ends = new Map<number, number>();
  // Steered so that each side wins about half of the races on any machine: by the time of the cancel, and where that
  // is at once, by the amount of work.
  let aimMs = 30;
  let effects = 1;

  async function race(at: number): Promise<void> {
    const names = Array.from({ length: effects }, () => ({ name: "black_and_white", parameters: {} }));
    const work = step("fx", { $case: "applyEffects", value: { effects: names } });
    const { id } = await mesh.client.jobs.create({ pipeline: { steps: [work] }, pictures: [{ bytes }], noCache: true });
    const watching = mesh.client.jobs.wait(id);
    // From at once to twice the target delay.
    await new Promise((next) => setTimeout(next, (aimMs * (at % 40)) / 20));
    const cancelled: Job = await other.jobs.cancel(id);
    const watched = await watching;
    if (watched.state === JobState.CANCELLED) aimMs = 1.1 * aimMs + 1;
    else if (aimMs > 2) aimMs *= 0.9;
    else effects = Math.min(12, effects + 1);
    expect([JobState.SUCCEEDED, JobState.CANCELLED]).toContain(watched.state);
    // The response to the cancel, the watch and the record agree.
    expect(cancelled.state).toBe(watched.state);
    expect((await other.jobs.get(id)).state).toBe(watched.state);
    ends.set(watched.state, (ends.get(watched.state) ?? 0) + 1);
  }

  let next = 0;
  await Promise.all(
    Array.from({ length: 8 }, async () => {
      while (next < 1_000) await race(next++);
    }),
  );
  other.close();
  // A race that one side always wins would test nothing.
  expect(ends.get(JobState.SUCCEEDED)).toBeGreaterThan(50);
  expect(ends.get(JobState.CANCELLED)).toBeGreaterThan(50);
  expect((ends.get(JobState.SUCCEEDED) ?? 0) + (ends.get(JobState.CANCELLED) ?? 0)).toBe(1_000);
  await expect.poll(() => keysLeft(bus, "open")).toEqual([]);
  // Either replica may have ended a job. One of them counted it.
  const counted = async () => [await countEnds(bus, "succeeded"), await countEnds(bus, "cancelled")];
  await expect.poll(counted).toEqual([ends.get(JobState.SUCCEEDED), ends.get(JobState.CANCELLED)]);
});
