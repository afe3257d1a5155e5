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
  listServices,
  nakWithBackoff,
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
const ack = { $case: "ack" } as const;

test("the same job, step and attempt is stored once; another attempt is stored too", async () => {
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
      return ack;
    },
  });
  await expect.poll(() => seen.length).toBe(2);
  await new Promise((next) => setTimeout(next, 200));
  await consumer.stop();
  expect(seen.sort()).toEqual([1, 2]);
});

test("work is redelivered after a nak, with a higher delivery count", async () => {
  const { bus } = await startTestBus();
  await publishWork(bus, "effects", item("a"));
  const deliveries: number[] = [];
  const consumer = consume(bus, {
    ...effects,
    concurrency: 1,
    handle: async (_item, delivery) => {
      deliveries.push(delivery.deliveries);
      return delivery.deliveries < 3 ? { $case: "nak", delayMs: 20 } : ack;
    },
  });
  await expect.poll(() => deliveries).toEqual([1, 2, 3]);
  await consumer.stop();
});

test("work that takes longer than ack_wait is not redelivered", async () => {
  const { bus, connectAnother } = await startTestBus({ ackWaitMs: 1_000 });
  await publishWork(bus, "effects", item("a"));
  let starts = 0;
  const handle = async () => {
    starts += 1;
    await new Promise((next) => setTimeout(next, 2_500));
    return ack;
  };
  const consumers = [
    consume(bus, { ...effects, concurrency: 1, handle }),
    consume(await connectAnother(), { ...effects, concurrency: 1, handle }),
  ];
  await new Promise((next) => setTimeout(next, 3_500));
  await Promise.all(consumers.map((consumer) => consumer.stop()));
  expect(starts).toBe(1);
});

test("a malformed work item is stored as a dead letter and never redelivered", async () => {
  const { bus } = await startTestBus();
  await bus.js.publish("work.effects.interactive.x.s.1", new Uint8Array([0xff, 0xff, 0xff]));
  let handled = 0;
  const consumer = consume(bus, {
    ...effects,
    concurrency: 1,
    handle: async () => {
      handled += 1;
      return ack;
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
      return ack;
    },
  });
  expect(await promise).toBe(sent);
  await consumer.stop();
});

test("a process receives changes and progress of every job from other processes", async () => {
  const { bus, connectAnother } = await startTestBus();
  const received: string[] = [];
  const end = await subscribeSignals(bus, (jobId, signal) =>
    received.push(`${jobId} ${signal.$case === "progress" ? signal.progress.fraction : "changed"}`),
  );
  const other = await connectAnother();
  publishChanged(other, "b", 1);
  publishChanged(other, "a", 2);
  publishProgress(other, { jobId: "a", stepId: "s", attempt: 1, fraction: 0.5, etaMs: -1, wait: undefined });
  await expect.poll(() => received.toSorted()).toEqual(["a 0.5", "a changed", "b changed"]);
  end();
});

test("an announced service is listed until it leaves", async () => {
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

test("a consumer continues after the broker was killed and restarted", async () => {
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
      return ack;
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

test("the delay of a nak doubles up to a bound and is spread by jitter", () => {
  const delay = (deliveries: number, jitter: number) => {
    const answer = nakWithBackoff(deliveries, jitter);
    return answer.$case === "nak" ? answer.delayMs : -1;
  };
  expect([delay(1, 0.5), delay(2, 0.5), delay(50, 0.5)]).toEqual([250, 500, 15_000]);
  expect(delay(3, 0)).toBe(500);
  expect(delay(3, 1)).toBe(1500);
});
