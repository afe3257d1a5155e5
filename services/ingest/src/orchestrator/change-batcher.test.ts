import type { JobChange } from "@pixelmesh/pipeline";
import { expect, test } from "vitest";
import { createChangeBatcher } from "./change-batcher.ts";

const lost = (stepId: string): JobChange => ({ $case: "lost", stepId, attempt: 1 });

function createRecordingBatcher() {
  const applied: string[] = [];
  let running = 0;
  const batcher = createChangeBatcher<number>(async (jobId, changes) => {
    expect(++running).toBe(1);
    await new Promise((next) => setTimeout(next, 5));
    running -= 1;
    return applied.push(`${jobId}:${changes.map((change) => (change.$case === "lost" ? change.stepId : "")).join("")}`);
  });
  return { batcher, applied };
}

test("changes that arrive while a job is being changed are applied together afterwards, in order", async () => {
  const { batcher, applied } = createRecordingBatcher();
  const first = batcher.add("j", lost("a"));
  await new Promise((next) => setTimeout(next, 1));
  const others = [batcher.add("j", lost("b")), batcher.add("j", lost("c"))];
  expect(await first).toBe(1);
  expect(await Promise.all(others)).toEqual([2, 2]);
  expect(applied).toEqual(["j:a", "j:bc"]);
});

test("the sender of a change learns that it is stored before all that follows is done, and of a failure by the promise alone", async () => {
  const told: string[] = [];
  const { promise: rest, resolve } = Promise.withResolvers<void>();
  const batcher = createChangeBatcher<string>(async (jobId, _, onStored) => {
    if (jobId === "fails") throw new Error("not stored");
    onStored();
    await rest;
    return "all is done";
  });
  const adding = [
    batcher.add("j", lost("a"), 1_000, () => told.push("a")),
    batcher.add("j", lost("b"), 0, () => told.push("b")),
  ];
  await new Promise((next) => setTimeout(next, 5));
  expect(told).toEqual(["a", "b"]);
  resolve();
  expect(await Promise.all(adding)).toEqual(["all is done", "all is done"]);
  await expect(batcher.add("fails", lost("c"), 0, () => told.push("c"))).rejects.toThrow("not stored");
  expect(told).toEqual(["a", "b"]);
});

test("a change that may wait is applied with the next change, after its maximum wait, or when all are flushed", async () => {
  const { batcher, applied } = createRecordingBatcher();
  const first = batcher.add("j", lost("a"), 60_000);
  await batcher.add("j", lost("b"));
  await first;
  await batcher.add("j", lost("c"), 10);
  const waiting = batcher.add("j", lost("d"), 60_000);
  batcher.flushAll();
  await waiting;
  await batcher.add("j", lost("e"), 60_000);
  expect(applied).toEqual(["j:ab", "j:c", "j:d", "j:e"]);
});

test("a failure rejects all changes of its batch, and the next change is applied", async () => {
  let fails = true;
  const batcher = createChangeBatcher<string>(async () => {
    if (fails) throw new Error("away");
    return "done";
  });
  const both = [batcher.add("j", lost("a")), batcher.add("j", lost("b"))];
  expect((await Promise.allSettled(both)).map(({ status }) => status)).toEqual(["rejected", "rejected"]);
  fails = false;
  expect(await batcher.add("j", lost("c"))).toBe("done");
});
