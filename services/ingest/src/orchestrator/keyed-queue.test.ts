import { setTimeout as sleep } from "node:timers/promises";
import { expect, test } from "vitest";
import { createSerial } from "./keyed-queue.ts";

test("tasks of one key never overlap and keep their order; those of others run beside them", async () => {
  const serial = createSerial();
  const running = new Map<string, number>();
  const order: string[] = [];
  let most = 0;
  const task = (key: string, at: number) =>
    serial.run(key, async () => {
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

test("a task that fails fails its own caller only", async () => {
  const serial = createSerial();
  const failing = serial.run("a", async () => {
    throw new Error("no");
  });
  const next = serial.run("a", async () => "yes");
  await expect(failing).rejects.toThrow("no");
  expect(await next).toBe("yes");
});
