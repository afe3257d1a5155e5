import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { errors } from "@nats-io/transport-node";
import { Priority, WorkItem } from "@pixelmesh/proto";
import { createLogger, createMetrics } from "@pixelmesh/telemetry";
import { expect, onTestFinished, test } from "vitest";
import {
  type Bus,
  bidForLease,
  connectBus,
  consume,
  listQueues,
  provision,
  publishWork,
  removeOrphans,
  startBroker,
  workConsumers,
} from "../src/index.ts";

const log = createLogger({ service: "test", level: "silent" });
const effects = { ...workConsumers("effects"), codec: WorkItem };

async function startCrashable() {
  const dataDir = mkdtempSync(join(tmpdir(), "pixelmesh-bus-"));
  let broker = await startBroker({ dataDir });
  const port = Number(new URL(broker.url).port);
  onTestFinished(async () => {
    await broker.stop();
    rmSync(dataDir, { recursive: true });
  });
  const connect = async (): Promise<Bus> => {
    const metrics = createMetrics("test", "0");
    const options = { natsUrl: broker.url, natsReplicas: 1, ackWaitMs: 2_000, name: "test", log, metrics };
    const bus = await connectBus(options);
    onTestFinished(() => bus.close());
    return bus;
  };
  const bus = await connect();
  await provision(bus);
  return {
    bus,
    connect,
    async crash(meanwhile = async () => {}) {
      await broker.stop("SIGKILL");
      await meanwhile();
      broker = await startBroker({ dataDir, port });
    },
  };
}

const item = (jobId: string, priority: Priority = Priority.INTERACTIVE) =>
  WorkItem.fromPartial({ jobId, stepId: "s", attempt: 1, priority });

test("after a crash of the broker, acknowledged messages are removed and all others are delivered", async () => {
  const { bus, crash } = await startCrashable();
  const total = 3_000;
  const seen = new Map<string, number>();
  const handle = async ({ jobId }: WorkItem) => {
    seen.set(jobId, (seen.get(jobId) ?? 0) + 1);
    return { $case: "ack" } as const;
  };
  for (let at = 0; at < total; at += 100)
    await Promise.all(Array.from({ length: 100 }, (_, k) => publishWork(bus, "effects", item(`j${at + k}`))));
  const first = consume(bus, { ...effects, concurrency: 64, handle });
  await expect.poll(() => seen.size, { timeout: 30_000, interval: 5 }).toBeGreaterThan(2_000);
  await crash();
  await first.stop();
  const batch = Array.from({ length: 50 }, (_, at) => `b${at}`);
  await expect
    .poll(
      () =>
        publishWork(bus, "effects", item("probe")).then(
          () => true,
          () => false,
        ),
      { timeout: 10_000 },
    )
    .toBe(true);
  await Promise.all(batch.map((jobId) => publishWork(bus, "effects", item(jobId, Priority.BATCH))));

  const second = consume(bus, { ...effects, concurrency: 64, handle });
  const wanted = [...batch, "probe", ...Array.from({ length: total }, (_, at) => `j${at}`)];
  await expect.poll(() => wanted.filter((id) => !seen.has(id)).length, { timeout: 40_000 }).toBe(0);
  const left = async () => (await bus.jsm.streams.info(effects.stream)).state.messages;
  // Every delivery is acknowledged: all messages that are left are orphans.
  await expect
    .poll(async () => (await listQueues(bus)).every(({ waiting, running }) => waiting + running === 0), {
      timeout: 20_000,
    })
    .toBe(true);
  const orphans = await left();
  const removed = await removeOrphans(bus, 10_000);
  await second.stop();
  console.log(`orphans after the crash: ${orphans}`);
  expect(removed).toBe(orphans);
  expect(await left()).toBe(0);
});

test("a lease has one holder, survives a crash of the broker, and passes on when its holder closes", async () => {
  const { bus, connect, crash } = await startCrashable();
  const first = await bidForLease(bus, "sweeper", "one");
  await expect.poll(first.isHeld).toBe(true);
  const other = await connect();
  const second = await bidForLease(other, "sweeper", "two");
  await new Promise((next) => setTimeout(next, 3_000));
  expect([first.isHeld(), second.isHeld()]).toEqual([true, false]);
  await crash();
  await expect.poll(() => first.isHeld() !== second.isHeld()).toBe(true);
  await first.close();
  await expect.poll(second.isHeld).toBe(true);
  expect(first.isHeld()).toBe(false);
  await second.close();
});

test("a pending request fails at once when the broker dies, and the next request succeeds", async () => {
  const { bus, crash } = await startCrashable();
  bus.nc.subscribe("mute", { callback() {} });
  await bus.nc.flush();
  const failed = expect(bus.nc.request("mute", "", { timeout: 300_000 })).rejects.toBeInstanceOf(errors.RequestError);
  await crash();
  await failed;
  expect((await listQueues(bus)).length).toBeGreaterThan(0);
});

test("messages are held while the broker is away, up to a bound; the rest fails at once", async () => {
  const { bus, crash } = await startCrashable();
  const failureOf = (request: Promise<unknown>): Promise<unknown> =>
    request.then(
      () => undefined,
      (error) => error,
    );
  const send = (timeout: number, payload = "") => failureOf(bus.nc.request("unserved", payload, { timeout }));
  let sent: Promise<unknown>[] = [];
  await crash(async () => {
    // The subject has no responders. Only a running broker says so; without one the request times out.
    await expect.poll(() => send(200)).toBeInstanceOf(errors.TimeoutError);
    sent = Array.from({ length: 40 }, () => send(120_000, "x".repeat(900_000)));
    const first = await Promise.race(sent);
    expect(first).toBeInstanceOf(errors.RequestError);
    expect(String(first)).toContain("too many messages");
  });
  const failures = (await Promise.all(sent)).map(String);
  const refused = failures.filter((failure) => failure.includes("too many messages"));
  // 18 messages of 900,000 bytes fit into 16 MiB.
  expect(refused.length).toBe(22);
  expect((await listQueues(bus)).length).toBeGreaterThan(0);
});
