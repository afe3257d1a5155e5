import { expect, test } from "vitest";
import { createPermits } from "./permits.ts";

test("places are given first come, first served, one that is given back twice is one place, and an abort leaves the line", async () => {
  const permits = createPermits(1);
  const never = new AbortController().signal;
  const release = await permits.take(never);
  const order: string[] = [];
  const leaving = new AbortController();
  const gone = permits.take(leaving.signal);
  const second = permits.take(never).then((done) => {
    order.push("second");
    return done;
  });
  const third = permits.take(never).then((done) => {
    order.push("third");
    return done;
  });
  expect(permits.waiting).toBe(3);
  leaving.abort(new Error("cancelled"));
  await expect(gone).rejects.toThrow("cancelled");
  release();
  release();
  const releaseSecond = await second;
  expect(order).toEqual(["second"]);
  releaseSecond();
  (await third)();
  expect(order).toEqual(["second", "third"]);
  expect(permits.waiting).toBe(0);
  await expect(permits.take(AbortSignal.abort(new Error("late")))).rejects.toThrow("late");
});
