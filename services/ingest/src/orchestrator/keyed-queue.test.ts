import { setTimeout as sleep } from "node:timers/promises";
import { expect, test } from "vitest";
import { createKeyedQueue } from "./keyed-queue.ts";

test("tasks of one key run one after another in order; tasks of different keys run in parallel", async () => {
  const queue = createKeyedQueue();
  const running = new Map<string, number>();
  const order: string[] = [];
  let most = 0;
  const task = (key: string, at: number) =>
    queue.run(key, async () => {
      running.set(key, (running.get(key) ?? 0) + 1);
      expect(running.get(key)).toBe(1);
      most = Math.max(
        most,
        [...running.values()].reduce((sum, count) => sum + count, 0),
      );
      await sleep(1 + ((at * 7) % 5));
      running.set(key, 0);
      order.push(`${key}${at}`);
    });
  await Promise.all(["a", "b", "c"].flatMap((key) => Array.from({ length: 5 }, (_, at) => task(key, at))));
  for (const key of ["a", "b", "c"])
    expect(order.filter((name) => name.startsWith(key))).toEqual([0, 1, 2, 3, 4].map((at) => `${key}${at}`));
  expect(most).toBe(3);
});

test("a failed task rejects only for its own caller", async () => {
  const queue = createKeyedQueue();
  const failing = queue.run("a", async () => {
    throw new Error("no");
  });
  const next = queue.run("a", async () => "yes");
  await expect(failing).rejects.toThrow("no");
  expect(await next).toBe("yes");
});
