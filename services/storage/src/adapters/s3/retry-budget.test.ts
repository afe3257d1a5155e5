import { expect, test } from "vitest";
import { createRetryBudget, toBackoffMs } from "./retry-budget.ts";

test("a budget ends, and ten successes give one retry back", () => {
  const budget = createRetryBudget(3);
  expect([budget.take(), budget.take(), budget.take(), budget.take()]).toEqual([true, true, true, false]);
  for (let n = 0; n < 9; n += 1) budget.succeeded();
  expect(budget.take()).toBe(false);
  for (let n = 0; n < 2; n += 1) budget.succeeded();
  expect([budget.take(), budget.take()]).toEqual([true, false]);
});

test("a budget never holds more than at its start", () => {
  const budget = createRetryBudget(2);
  for (let n = 0; n < 1_000; n += 1) budget.succeeded();
  expect(budget.left()).toBe(2);
});

test("waits double and end at 5 s", () => {
  expect([1, 2, 3, 4, 5, 6, 60].map((retry) => toBackoffMs(retry, () => 1))).toEqual([
    200, 400, 800, 1_600, 3_200, 5_000, 5_000,
  ]);
  expect(toBackoffMs(1, () => 0)).toBe(100);
});
