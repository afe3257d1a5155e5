import type { Bus } from "@pixelmesh/bus";
import { connectPixelmesh, type Job, JobState } from "@pixelmesh/client";
import { startTestMesh, type TestMesh } from "@pixelmesh/testing";
import sharp from "sharp";
import { afterAll, beforeAll, expect, test } from "vitest";
import { effectStep } from "./fixtures.ts";
import { connectTestBus, finishedStates, keysLeft, type Replica, startReplica } from "./replicas.ts";

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

test("cancel against complete, a thousand times on two replicas, ends in exactly one state", {
  timeout: 300_000,
}, async () => {
  const raw = { width: 64, height: 64, channels: 3 as const };
  const bytes = await sharp(Buffer.alloc(64 * 64 * 3, 90), { raw })
    .png()
    .toBuffer();
  const pipeline = { steps: [effectStep("fx", "black_and_white")] };
  const other = connectPixelmesh({ address: second.address });
  const ends = new Map<number, number>();
  let meanMs = 60;

  async function race(at: number): Promise<void> {
    const startedMs = performance.now();
    const { id } = await mesh.client.jobs.create({ pipeline, pictures: [{ bytes }], noCache: true });
    const watching = mesh.client.jobs.wait(id);
    // Aimed at the end: anywhere from at once to well after a job usually takes.
    await new Promise((next) => setTimeout(next, (meanMs * (at % 40)) / 25));
    const cancelled: Job = await other.jobs.cancel(id);
    const watched = await watching;
    if (watched.state === JobState.SUCCEEDED) meanMs += 0.05 * (performance.now() - startedMs - meanMs);
    expect([JobState.SUCCEEDED, JobState.CANCELLED]).toContain(watched.state);
    // The answer to the cancel, the watch, the record and the log agree.
    expect(cancelled.state).toBe(watched.state);
    expect((await other.jobs.get(id)).state).toBe(watched.state);
    await expect.poll(() => finishedStates(bus, id)).toEqual([watched.state]);
    ends.set(watched.state, (ends.get(watched.state) ?? 0) + 1);
  }

  let next = 0;
  await Promise.all(
    Array.from({ length: 8 }, async () => {
      while (next < 1_000) await race(next++);
    }),
  );
  other.close();
  // A race that only one side ever wins would be none.
  expect(ends.get(JobState.SUCCEEDED)).toBeGreaterThan(5);
  expect(ends.get(JobState.CANCELLED)).toBeGreaterThan(5);
  expect((ends.get(JobState.SUCCEEDED) ?? 0) + (ends.get(JobState.CANCELLED) ?? 0)).toBe(1_000);
  await expect.poll(() => keysLeft(bus, "open")).toEqual([]);
});
