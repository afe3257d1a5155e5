import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { JobEvent, Priority, WorkItem } from "@pixelmesh/proto";
import { createLogger, createMetrics, injectTrace, startTracing, withTrace } from "@pixelmesh/telemetry";
import { expect, onTestFinished, test } from "vitest";
import {
  announceService,
  connectBus,
  consume,
  eventConsumer,
  giveBack,
  listQueues,
  listServices,
  provision,
  publishChanged,
  publishEvent,
  publishProgress,
  publishWork,
  startBroker,
  subscribeSignals,
  workConsumers,
} from "../src/index.ts";
import { startTestBus } from "./start-test-bus.ts";

startTracing();
const log = createLogger({ service: "test", level: "silent" });

const item = (jobId: string, priority: Priority = Priority.INTERACTIVE, attempt = 1): WorkItem =>
  WorkItem.fromPartial({ jobId, stepId: "s", attempt, priority });
const effects = { ...workConsumers("effects"), codec: WorkItem };
const done = { $case: "done" } as const;

test("interactive work is taken before batch work that waited longer", async () => {
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
      return done;
    },
  });
  await expect.poll(() => order.length).toBe(7);
  await consumer.stop();
  expect(order).toEqual(["i0", "b0", "i1", "b1", "b2", "b3", "b4"]);
});

test("a queue tells how long its oldest waiting work has waited, and leaves out what is in hand", async () => {
  const { bus } = await startTestBus();
  const queue = async () => (await listQueues(bus)).find(({ name }) => name === "effects.batch");
  expect(await queue()).toEqual({ name: "effects.batch", waiting: 0, running: 0, oldestWaitMs: 0 });
  const beforeMs = performance.now();
  await publishWork(bus, "effects", item("b0", Priority.BATCH));
  const afterMs = performance.now();
  // Another queue of the stream does not count.
  await publishWork(bus, "effects", item("i0"));
  await new Promise((resolve) => setTimeout(resolve, 400));
  await publishWork(bus, "effects", item("b1", Priority.BATCH));
  const askedMs = performance.now();
  const found = await queue();
  expect(found).toMatchObject({ waiting: 2, running: 0 });
  // A millisecond each for clocks that are rounded.
  expect(found?.oldestWaitMs).toBeGreaterThanOrEqual(askedMs - afterMs - 2);
  expect(found?.oldestWaitMs).toBeLessThanOrEqual(performance.now() - beforeMs + 2);
  const inHand = Promise.withResolvers<void>();
  const over = Promise.withResolvers<void>();
  const consumer = consume(bus, {
    ...effects,
    concurrency: 1,
    handle: async ({ jobId }) => {
      if (jobId !== "b0") return done;
      inHand.resolve();
      await over.promise;
      return done;
    },
  });
  await inHand.promise;
  const left = await queue();
  expect(left).toMatchObject({ waiting: 1, running: 1 });
  expect(left?.oldestWaitMs).toBeLessThanOrEqual(performance.now() - askedMs + 50);
  over.resolve();
  await expect.poll(queue).toMatchObject({ waiting: 0, running: 0, oldestWaitMs: 0 });
  await consumer.stop();
});

test("however much batch work is in hand, there is a place for interactive work", async () => {
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
      return done;
    },
  });
  await expect.poll(() => inHand).toEqual(["b0", "b1"]);
  await publishWork(bus, "effects", item("i0"));
  await expect.poll(() => inHand).toEqual(["b0", "b1", "i0"]);
  end();
  await expect.poll(() => inHand.length).toBe(7);
  await consumer.stop();
});

test("an idle worker starts within milliseconds of the publication", async () => {
  const { bus } = await startTestBus();
  const { promise: taken, resolve } = Promise.withResolvers<number>();
  const consumer = consume(bus, {
    ...effects,
    concurrency: 1,
    handle: async () => {
      resolve(performance.now());
      return done;
    },
  });
  await new Promise((next) => setTimeout(next, 300));
  await publishWork(bus, "effects", item("a"));
  const publishedMs = performance.now();
  expect((await taken) - publishedMs).toBeLessThan(500);
  await consumer.stop();
});

test("the same job, step and attempt is stored once, another attempt again", async () => {
  const { bus } = await startTestBus();
  await publishWork(bus, "effects", item("a"));
  await publishWork(bus, "effects", item("a"));
  await publishWork(bus, "effects", item("a", Priority.INTERACTIVE, 2));
  const seen: number[] = [];
  const consumer = consume(bus, {
    ...effects,
    concurrency: 4,
    handle: async ({ attempt }) => {
      seen.push(attempt);
      return done;
    },
  });
  await expect.poll(() => seen.length).toBe(2);
  await new Promise((next) => setTimeout(next, 200));
  await consumer.stop();
  expect(seen.sort()).toEqual([1, 2]);
});

test("work given back comes again, and the delivery count says so", async () => {
  const { bus } = await startTestBus();
  await publishWork(bus, "effects", item("a"));
  const deliveries: number[] = [];
  const consumer = consume(bus, {
    ...effects,
    concurrency: 1,
    handle: async (_item, delivery) => {
      deliveries.push(delivery.deliveries);
      return delivery.deliveries < 3 ? { $case: "giveBack", delayMs: 20 } : done;
    },
  });
  await expect.poll(() => deliveries).toEqual([1, 2, 3]);
  await consumer.stop();
});

test("work longer than ack_wait is not given to anybody else", async () => {
  const { bus, connectAnother } = await startTestBus({ ackWaitMs: 1_000 });
  await publishWork(bus, "effects", item("a"));
  let starts = 0;
  const handle = async () => {
    starts += 1;
    await new Promise((next) => setTimeout(next, 2_500));
    return done;
  };
  const consumers = [
    consume(bus, { ...effects, concurrency: 1, handle }),
    consume(await connectAnother(), { ...effects, concurrency: 1, handle }),
  ];
  await new Promise((next) => setTimeout(next, 3_500));
  await Promise.all(consumers.map((consumer) => consumer.stop()));
  expect(starts).toBe(1);
});

test("bytes that are no work item are kept as a dead letter and never come again", async () => {
  const { bus } = await startTestBus();
  await bus.js.publish("work.effects.interactive.x.s.1", new Uint8Array([0xff, 0xff, 0xff]));
  let handled = 0;
  const consumer = consume(bus, {
    ...effects,
    concurrency: 1,
    handle: async () => {
      handled += 1;
      return done;
    },
  });
  await expect.poll(async () => (await bus.jsm.streams.info("DLQ")).state.messages).toBe(1);
  await expect.poll(async () => (await bus.jsm.streams.info("WORK_EFFECTS")).state.messages).toBe(0);
  await consumer.stop();
  expect(handled).toBe(0);
});

test("the handler runs in the trace of the publisher", async () => {
  const { bus } = await startTestBus();
  const traceparent = () => {
    let found = "";
    injectTrace((name, value) => {
      if (name === "traceparent") found = value;
    });
    return found;
  };
  const sent = await withTrace(async () => {
    await publishEvent(bus, JobEvent.fromPartial({ jobId: "a", event: { $case: "started", value: {} } }));
    return traceparent();
  });
  const { promise, resolve } = Promise.withResolvers<string>();
  const consumer = consume(bus, {
    ...eventConsumer,
    codec: JobEvent,
    concurrency: 1,
    handle: async () => {
      resolve(traceparent());
      return done;
    },
  });
  expect(await promise).toBe(sent);
  await consumer.stop();
});

test("a process hears of changes and progress of every job, whoever says so", async () => {
  const { bus, connectAnother } = await startTestBus();
  const heard: string[] = [];
  const end = await subscribeSignals(bus, (jobId, signal) =>
    heard.push(`${jobId} ${signal.$case === "progress" ? signal.progress.fraction : "changed"}`),
  );
  const other = await connectAnother();
  publishChanged(other, "b", 1);
  publishChanged(other, "a", 2);
  publishProgress(other, { jobId: "a", stepId: "s", attempt: 1, fraction: 0.5, etaMs: -1 });
  await expect.poll(() => heard.toSorted()).toEqual(["a 0.5", "a changed", "b changed"]);
  end();
});

test("an announced service is listed until it says goodbye", async () => {
  const { bus } = await startTestBus();
  const facts = {
    service: "effects",
    instance: "e1",
    version: "0",
    grpcAddress: "127.0.0.1:1",
    healthAddress: "",
    metricsUrl: "",
  };
  const leave = await announceService(bus, facts);
  expect(await listServices(bus)).toMatchObject([{ ...facts, pid: process.pid }]);
  await leave();
  expect(await listServices(bus)).toEqual([]);
});

test("a consumer goes on by itself after the broker was killed and started again", async () => {
  const dataDir = mkdtempSync(join(tmpdir(), "pixelmesh-bus-"));
  let broker = await startBroker({ dataDir });
  const port = Number(new URL(broker.url).port);
  const bus = await connectBus({
    natsUrl: broker.url,
    natsReplicas: 1,
    ackWaitMs: 5_000,
    name: "test",
    log,
    metrics: createMetrics("test", "0"),
  });
  onTestFinished(async () => {
    await bus.close();
    await broker.stop();
    rmSync(dataDir, { recursive: true });
  });
  await provision(bus);
  const seen: string[] = [];
  const consumer = consume(bus, {
    ...effects,
    concurrency: 1,
    handle: async ({ jobId }) => {
      seen.push(jobId);
      return done;
    },
  });
  await publishWork(bus, "effects", item("before"));
  await expect.poll(() => seen).toEqual(["before"]);
  await broker.stop("SIGKILL");
  await expect(publishWork(bus, "effects", item("lost"))).rejects.toMatchObject({ reason: "BROKER_UNAVAILABLE" });
  broker = await startBroker({ dataDir, port });
  await expect
    .poll(
      async () =>
        publishWork(bus, "effects", item("after")).then(
          () => true,
          () => false,
        ),
      { timeout: 10_000 },
    )
    .toBe(true);
  await expect.poll(() => seen.includes("after")).toBe(true);
  await consumer.stop();
});

test("the delay before another try grows, is bounded, and is spread", () => {
  const delay = (deliveries: number, jitter: number) => {
    const verdict = giveBack(deliveries, jitter);
    return verdict.$case === "giveBack" ? verdict.delayMs : -1;
  };
  expect([delay(1, 0.5), delay(2, 0.5), delay(50, 0.5)]).toEqual([250, 500, 15_000]);
  expect(delay(3, 0)).toBe(500);
  expect(delay(3, 1)).toBe(1500);
});
