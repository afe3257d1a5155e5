import { expect, test } from "vitest";
import { createReleaseBatch } from "./release-batch.ts";

test("releases of a short time share one call, and later ones another", async () => {
  const calls: (readonly string[])[] = [];
  const release = createReleaseBatch(async (jobIds) => void calls.push(jobIds));
  await Promise.all(["a", "b", "c"].map(release));
  await release("d");
  expect(calls).toEqual([["a", "b", "c"], ["d"]]);
});

test("a full batch is sent at once, and the rest in its own", async () => {
  const calls: number[] = [];
  const release = createReleaseBatch(async ({ length }) => void calls.push(length));
  const all = Array.from({ length: 600 }, (_, n) => release(`job-${n}`));
  expect(calls).toEqual([256, 256]);
  await Promise.all(all);
  expect(calls).toEqual([256, 256, 88]);
});

test("every caller gets the failure of its call, and the next call is made", async () => {
  let calls = 0;
  const release = createReleaseBatch(async () => {
    calls += 1;
    if (calls === 1) throw new Error("refused");
  });
  const results = await Promise.allSettled([release("a"), release("b")]);
  expect(results.map(({ status }) => status)).toEqual(["rejected", "rejected"]);
  await release("c");
  expect(calls).toBe(2);
});
