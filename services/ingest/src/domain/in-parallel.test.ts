import { setImmediate } from "node:timers/promises";
import { expect, test } from "vitest";
import { inParallel } from "./in-parallel.ts";

test("every item is worked on once, and never more at once than allowed", async () => {
  const done: number[] = [];
  let [running, most] = [0, 0];
  await inParallel(new Set([1, 2, 3, 4, 5, 6, 7]), 3, async (item) => {
    running += 1;
    most = Math.max(most, running);
    await setImmediate();
    running -= 1;
    done.push(item);
  });
  expect([done.sort(), most]).toEqual([[1, 2, 3, 4, 5, 6, 7], 3]);
  await inParallel([], 3, () => Promise.reject(new Error("There is no item")));
});

test("after a failure no further item is begun", async () => {
  const begun: number[] = [];
  const work = inParallel([1, 2, 3, 4, 5, 6], 2, async (item) => {
    begun.push(item);
    await setImmediate();
    if (item === 1) throw new Error("first");
  });
  await expect(work).rejects.toThrow("first");
  await setImmediate();
  await setImmediate();
  expect(begun.length).toBeLessThanOrEqual(3);
});
