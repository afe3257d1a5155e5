import { Priority, WorkItem } from "@pixelmesh/proto";
import { expect, test } from "vitest";
import { consume, listQueues, publishWork, workConsumers, workSubject } from "../src/index.ts";
import { startTestBus } from "./start-test-bus.ts";

const item = (jobId: string, priority: Priority = Priority.INTERACTIVE): WorkItem =>
  WorkItem.fromPartial({ jobId, stepId: "s", attempt: 1, priority });
const effects = { ...workConsumers("effects"), codec: WorkItem };
const ack = { $case: "ack" } as const;

test("interactive work is processed before batch work that has waited longer", async () => {
  const { bus } = await startTestBus();
  for (let at = 0; at < 5; at++) await publishWork(bus, "effects", item(`b${at}`, Priority.BATCH));
  await publishWork(bus, "effects", item("i0"));
  const order: string[] = [];
  const consumer = consume(bus, {
    ...effects,
    concurrency: 1,
    handle: async ({ jobId }) => {
      order.push(jobId);
      if (jobId === "b0") await publishWork(bus, "effects", item("i1"));
      return ack;
    },
  });
  await expect.poll(() => order.length).toBe(7);
  await consumer.stop();
  expect(order).toEqual(["i0", "b0", "i1", "b1", "b2", "b3", "b4"]);
});

test("the depth of a queue has the wait of its oldest waiting work, without work in hand", async () => {
  const { bus } = await startTestBus();
  const queue = async () => (await listQueues(bus)).find(({ name }) => name === "effects.batch");
  expect(await queue()).toEqual({ name: "effects.batch", waiting: 0, running: 0, oldestWaitMs: 0 });
  const beforeMs = performance.now();
  await publishWork(bus, "effects", item("b0", Priority.BATCH));
  const afterMs = performance.now();
  // Work of the other priority does not count.
  await publishWork(bus, "effects", item("i0"));
  await new Promise((resolve) => setTimeout(resolve, 400));
  await publishWork(bus, "effects", item("b1", Priority.BATCH));
  const readMs = performance.now();
  const found = await queue();
  expect(found).toMatchObject({ waiting: 2, running: 0 });
  // Each clock is rounded to a millisecond.
  expect(found?.oldestWaitMs).toBeGreaterThanOrEqual(readMs - afterMs - 2);
  expect(found?.oldestWaitMs).toBeLessThanOrEqual(performance.now() - beforeMs + 2);
  const inHand = Promise.withResolvers<void>();
  const over = Promise.withResolvers<void>();
  const consumer = consume(bus, {
    ...effects,
    concurrency: 1,
    handle: async ({ jobId }) => {
      if (jobId !== "b0") return ack;
      inHand.resolve();
      await over.promise;
      return ack;
    },
  });
  await inHand.promise;
  const left = await queue();
  expect(left).toMatchObject({ waiting: 1, running: 1 });
  expect(left?.oldestWaitMs).toBeLessThanOrEqual(performance.now() - readMs + 50);
  over.resolve();
  await expect.poll(queue).toMatchObject({ waiting: 0, running: 0, oldestWaitMs: 0 });
  await consumer.stop();
});

test("batch work never uses the last free place, which is reserved for interactive work", async () => {
  const { bus } = await startTestBus();
  for (let at = 0; at < 6; at++) await publishWork(bus, "effects", item(`b${at}`, Priority.BATCH));
  const { promise: over, resolve: end } = Promise.withResolvers<void>();
  const inHand: string[] = [];
  const consumer = consume(bus, {
    ...effects,
    concurrency: 3,
    handle: async ({ jobId }) => {
      inHand.push(jobId);
      await over;
      return ack;
    },
  });
  await expect.poll(() => inHand).toEqual(["b0", "b1"]);
  await publishWork(bus, "effects", item("i0"));
  await expect.poll(() => inHand).toEqual(["b0", "b1", "i0"]);
  end();
  await expect.poll(() => inHand.length).toBe(7);
  await consumer.stop();
});

test("an idle worker starts right after the publish", async () => {
  const { bus } = await startTestBus();
  let onTaken = (_atMs: number) => {};
  const consumer = consume(bus, {
    ...effects,
    concurrency: 1,
    handle: async () => {
      onTaken(performance.now());
      return ack;
    },
  });
  const waitsMs: number[] = [];
  for (let at = 0; at < 5; at++) {
    const taken = new Promise<number>((resolve) => {
      onTaken = resolve;
    });
    await new Promise((next) => setTimeout(next, 300));
    await publishWork(bus, "effects", item(`a${at}`));
    const publishedMs = performance.now();
    waitsMs.push((await taken) - publishedMs);
  }
  // Without the wake-up, the worker asks again 700 ms after each publish. The best of five, because a busy machine delays some.
  expect(Math.min(...waitsMs)).toBeLessThan(500);
  await consumer.stop();
});

test("a wake-up that names a consumer leads to its work, and one without a name to all work", async () => {
  const { bus } = await startTestBus();
  const order: string[] = [];
  const consumer = consume(bus, {
    ...effects,
    concurrency: 2,
    handle: async ({ jobId }) => {
      order.push(jobId);
      return ack;
    },
  });
  // The consumer has found both queues empty.
  await new Promise((next) => setTimeout(next, 300));
  await publishWork(bus, "effects", item("b0", Priority.BATCH));
  await expect.poll(() => order).toEqual(["b0"]);
  await publishWork(bus, "effects", item("i0"));
  await expect.poll(() => order).toEqual(["b0", "i0"]);
  await bus.js.publish(
    workSubject("effects", item("b1", Priority.BATCH)),
    WorkItem.encode(item("b1", Priority.BATCH)).finish(),
  );
  bus.nc.publish(effects.wakeSubject);
  await expect.poll(() => order).toEqual(["b0", "i0", "b1"]);
  await consumer.stop();
});
