import { AppError } from "@pixelmesh/errors";
import { expect, test } from "vitest";
import { createByteBudget } from "./byte-budget.ts";

const full = { reason: "QUEUE_FULL", retryAfterMs: 1_000 };

test("a share grows up to the budget, and releasing it twice gives it back once", () => {
  const budget = createByteBudget({ totalBytes: 100, name: "uploads" });
  const one = budget.open();
  const other = budget.open();
  one.grow(60);
  other.grow(40);
  expect(budget.usedBytes).toBe(100);
  expect(() => other.grow(1)).toThrow(AppError);
  one.shrink(10);
  other.grow(10);
  one.release();
  one.release();
  expect([one.heldBytes, other.heldBytes, budget.usedBytes]).toEqual([0, 50, 50]);
  expect(() => other.grow(51)).toThrow(expect.objectContaining(full));
});

test("shares are granted in order of arrival, also when a smaller one waits behind a larger one", async () => {
  const budget = createByteBudget({ totalBytes: 100, name: "downloads" });
  const first = await budget.take(80);
  const order: string[] = [];
  const large = budget.take(70).then((share) => {
    order.push("large");
    return share;
  });
  const small = budget.take(10).then((share) => {
    order.push("small");
    return share;
  });
  expect(budget.tryTake(1)).toBeUndefined();
  await Promise.resolve();
  expect(order).toEqual([]);
  first.release();
  await Promise.all([large, small]);
  expect(order).toEqual(["large", "small"]);
  expect(budget.usedBytes).toBe(80);
});

test("a wait ends with QUEUE_FULL after its limit, at once if too many wait, and with the reason of its signal", async () => {
  const budget = createByteBudget({ totalBytes: 10, name: "downloads", maxWaitMs: 50, maxWaiting: 2 });
  const held = await budget.take(10);
  const stop = new AbortController();
  const waiting = [budget.take(5), budget.take(5, stop.signal)].map((wait) => wait.catch((error: unknown) => error));
  await expect(budget.take(5)).rejects.toMatchObject(full);
  stop.abort(new Error("left"));
  expect(await waiting[1]).toMatchObject({ message: "left" });
  expect(await waiting[0]).toMatchObject(full);
  held.release();
  expect(budget.usedBytes).toBe(0);
  // Waits that ended hold nothing.
  (await budget.take(10)).release();
  expect(budget.usedBytes).toBe(0);
});

test("a share larger than the budget becomes the whole budget", async () => {
  const budget = createByteBudget({ totalBytes: 10, name: "downloads" });
  expect((await budget.take(1_000)).heldBytes).toBe(10);
});
