import type { JobChange } from "@pixelmesh/pipeline";
import { expect, test } from "vitest";
import { createFold } from "./change-batcher.ts";

const lost = (stepId: string): JobChange => ({ $case: "lost", stepId, attempt: 1 });

function record() {
  const applied: string[] = [];
  let running = 0;
  const fold = createFold<number>(async (jobId, changes) => {
    expect(++running).toBe(1);
    await new Promise((next) => setTimeout(next, 5));
    running -= 1;
    return applied.push(`${jobId}:${changes.map((change) => (change.$case === "lost" ? change.stepId : "")).join("")}`);
  });
  return { fold, applied };
}

test("what comes while a job is being changed is applied together, in order, right after", async () => {
  const { fold, applied } = record();
  const first = fold.add("j", lost("a"));
  await new Promise((next) => setTimeout(next, 1));
  const others = [fold.add("j", lost("b")), fold.add("j", lost("c"))];
  expect(await first).toBe(1);
  expect(await Promise.all(others)).toEqual([2, 2]);
  expect(applied).toEqual(["j:a", "j:bc"]);
});

test("a change that may wait is written with the next one, by itself after its time, and at once when hurried", async () => {
  const { fold, applied } = record();
  const patient = fold.add("j", lost("a"), 60_000);
  await fold.add("j", lost("b"));
  await patient;
  await fold.add("j", lost("c"), 10);
  const waiting = fold.add("j", lost("d"), 60_000);
  fold.hurry();
  await waiting;
  await fold.add("j", lost("e"), 60_000);
  expect(applied).toEqual(["j:ab", "j:c", "j:d", "j:e"]);
});

test("a failure reaches everybody who waits for it, and the next change is applied all the same", async () => {
  let fails = true;
  const fold = createFold<string>(async () => {
    if (fails) throw new Error("away");
    return "done";
  });
  const both = [fold.add("j", lost("a")), fold.add("j", lost("b"))];
  expect((await Promise.allSettled(both)).map(({ status }) => status)).toEqual(["rejected", "rejected"]);
  fails = false;
  expect(await fold.add("j", lost("c"))).toBe("done");
});
