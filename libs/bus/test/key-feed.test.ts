import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { AckPolicy, DeliverPolicy } from "@nats-io/jetstream";
import { createLogger, createMetrics } from "@pixelmesh/telemetry";
import { expect, onTestFinished, test, vi } from "vitest";
import { type Bus, connectBus, type FedEntry, followKeys, provision, startBroker } from "../src/index.ts";
import { startTestBus } from "./start-test-bus.ts";

function follow(bus: Bus) {
  const entries: FedEntry[] = [];
  let caughtUp = 0;
  const feed = followKeys(bus, {
    bucket: "jobs",
    filter: "record.*",
    onEntry: (entry) => entries.push(entry),
    onCaughtUp: () => caughtUp++,
  });
  onTestFinished(feed.close);
  return { feed, keys: () => entries.map(({ key }) => key), entries, caughtUp: () => caughtUp };
}

const put = (bus: Bus, key: string) => bus.js.publish(`$KV.jobs.${key}`, key);
const consumerCount = async (bus: Bus) => (await bus.jsm.streams.info("KV_jobs")).state.consumer_count;
const names = (from: number, to: number) => Array.from({ length: to - from }, (_, at) => `record.${from + at}`);

test("a feed delivers existing and new entries in order, with one consumer that is removed on close", async () => {
  const { bus } = await startTestBus();
  for (const name of names(0, 1_500)) await put(bus, name);
  await put(bus, "spec.t.other");
  const { feed, keys, entries, caughtUp } = follow(bus);
  await expect.poll(caughtUp).toBe(1);
  expect(keys()).toEqual(names(0, 1_500));
  for (const name of names(1_500, 1_520)) await put(bus, name);
  await expect.poll(keys).toEqual(names(0, 1_520));
  expect(entries.at(-1)).toMatchObject({ sequence: 1_521, value: Buffer.from("record.1519") });
  expect(await consumerCount(bus)).toBe(1);
  await feed.close();
  expect(await consumerCount(bus)).toBe(0);
});

const removals: Readonly<Record<string, (bus: Bus, sequence: number) => Promise<unknown>>> = {
  deleted: (bus, sequence) => bus.jsm.streams.deleteMessage("KV_jobs", sequence),
  // nats-server then skips what the consumer has not delivered yet.
  purged: (bus, sequence) => bus.jsm.streams.purge("KV_jobs", { filter: `$KV.jobs.record.${sequence - 1}` }),
};

test.each(Object.keys(removals))("a feed catches up where entries are %s before they are read", async (how) => {
  const { bus } = await startTestBus();
  for (const name of names(0, 20)) await put(bus, name);
  const add = bus.jsm.consumers.add.bind(bus.jsm.consumers);
  const adding = vi.spyOn(bus.jsm.consumers, "add");
  adding.mockImplementationOnce(async (stream, config) => {
    const info = await add(stream, config);
    for (let sequence = 16; sequence <= 20; sequence += 1) await removals[how]?.(bus, sequence);
    return info;
  });
  const { keys, caughtUp } = follow(bus);
  await expect.poll(caughtUp).toBe(1);
  expect(keys()).toEqual(names(0, 15));
  await put(bus, "record.99");
  await expect.poll(keys).toEqual([...names(0, 15), "record.99"]);
  expect(caughtUp()).toBe(1);
});

test("a feed of an empty bucket has caught up at once", async () => {
  const { bus } = await startTestBus();
  await expect.poll(follow(bus).caughtUp).toBe(1);
});

test("a feed continues after its last entry when its consumer is deleted or the broker restarts", async () => {
  const dataDir = mkdtempSync(join(tmpdir(), "pixelmesh-bus-"));
  let broker = await startBroker({ dataDir });
  const port = Number(new URL(broker.url).port);
  const log = createLogger({ service: "test", level: "silent" });
  const options = { natsUrl: broker.url, natsReplicas: 1, ackWaitMs: 5_000, name: "test", log };
  const bus = await connectBus({ ...options, metrics: createMetrics("test", "0") });
  onTestFinished(async () => {
    await bus.close();
    await broker.stop();
    rmSync(dataDir, { recursive: true });
  });
  await provision(bus);
  const { feed, keys } = follow(bus);
  await put(bus, "record.0");
  await expect.poll(keys).toEqual(names(0, 1));
  for await (const { name } of bus.jsm.consumers.list("KV_jobs")) await bus.jsm.consumers.delete("KV_jobs", name);
  await put(bus, "record.1");
  await expect.poll(keys, { timeout: 30_000 }).toEqual(names(0, 2));
  await broker.stop("SIGTERM");
  broker = await startBroker({ dataDir, port });
  await expect
    .poll(
      () =>
        put(bus, "record.2").then(
          () => true,
          () => false,
        ),
      { timeout: 30_000 },
    )
    .toBe(true);
  await expect.poll(keys, { timeout: 30_000 }).toEqual(names(0, 3));
  await feed.close();
});

test("provisioning removes abandoned consumers of earlier releases and keeps those in use", async () => {
  const { bus, connectAnother } = await startTestBus();
  for (let at = 0; at < 600; at++) {
    await bus.jsm.consumers.add("KV_jobs", {
      deliver_subject: `_INBOX.gone.${at}`,
      deliver_policy: DeliverPolicy.New,
      ack_policy: AckPolicy.None,
      inactive_threshold: 300 * 1e9,
    });
  }
  const listening = bus.nc.subscribe("_INBOX.here");
  const add = (config: object) => bus.jsm.consumers.add("KV_jobs", { ack_policy: AckPolicy.None, ...config });
  await add({ deliver_subject: "_INBOX.here" });
  await add({ durable_name: "kept", deliver_subject: "_INBOX.unserved" });
  await add({ inactive_threshold: 300 * 1e9 });
  expect(await consumerCount(bus)).toBe(603);
  await provision(await connectAnother());
  expect(await consumerCount(bus)).toBe(3);
  listening.unsubscribe();
});
