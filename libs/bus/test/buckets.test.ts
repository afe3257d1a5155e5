import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DiscardPolicy } from "@nats-io/jetstream";
import { WaitEntry } from "@pixelmesh/proto";
import { createLogger, createMetrics } from "@pixelmesh/telemetry";
import { expect, onTestFinished, test } from "vitest";
import {
  type BoundSettings,
  type Bus,
  connectBus,
  findKey,
  narrowBucket,
  openStore,
  provision,
  purgeBelow,
  readBucketState,
  rewriteEntry,
  sequenceOf,
  startBroker,
  widenBucket,
} from "../src/index.ts";
import { planBounds, toBoundSettings } from "../src/topology/stream-bounds.ts";
import { startTestBus } from "./start-test-bus.ts";

const MiB = 2 ** 20;
const log = createLogger({ service: "test", level: "silent" });

/** Starts a broker. Returns a function that connects to it with given bounds. */
async function startBoundedBroker(maxFileStoreBytes?: number) {
  const dataDir = mkdtempSync(join(tmpdir(), "pixelmesh-bus-"));
  const broker = await startBroker({ dataDir, ...(maxFileStoreBytes ? { maxFileStoreBytes } : {}) });
  const open: Bus[] = [];
  onTestFinished(async () => {
    for (const bus of open) await bus.close();
    await broker.stop();
    rmSync(dataDir, { recursive: true });
  });
  return async (bounds: Partial<BoundSettings>): Promise<Bus> => {
    const options = { natsUrl: broker.url, natsReplicas: 1, ackWaitMs: 30_000, name: "test", log };
    const bus = await connectBus({ ...options, metrics: createMetrics("test", "0"), ...bounds });
    open.push(bus);
    return bus;
  };
}

const maxBytes = async ({ jsm }: Bus, stream: string) => (await jsm.streams.info(stream)).config.max_bytes;

test("changed bounds are applied at the next start, but never below the size of a bucket", async () => {
  const connect = await startBoundedBroker();
  const large = await connect({ natsResultsMaxBytes: 8 * MiB, natsEventsMaxBytes: 8 * MiB });
  await provision(large);
  const value = new Uint8Array(16 * 1024);
  for (let at = 0; at < 200; at++) await large.js.publish(`$KV.results.k${at}`, value);
  const small = await connect({ natsResultsMaxBytes: 2 * MiB, natsEventsMaxBytes: 2 * MiB, natsJobsMaxBytes: 4 * MiB });
  await provision(small);
  expect([await maxBytes(small, "KV_jobs"), await maxBytes(small, "JOB_EVENTS")]).toEqual([6 * MiB, 2 * MiB]);
  // A lower bound would have removed its oldest entries.
  expect(await maxBytes(small, "KV_results")).toBe(8 * MiB);
  expect(await readBucketState(small, "results")).toMatchObject({ entries: 200, boundBytes: 2 * MiB });
  await purgeBelow(small, "results", 150);
  await provision(small);
  expect(await maxBytes(small, "KV_results")).toBe(2 * MiB);
  expect((await readBucketState(small, "results")).entries).toBe(51);
  await provision(await connect({ natsResultsMaxBytes: 16 * MiB }));
  expect(await maxBytes(small, "KV_results")).toBe(16 * MiB);
  expect((await small.jsm.streams.info("KV_results")).config).toMatchObject({
    discard: DiscardPolicy.New,
    max_msgs_per_subject: 1,
    allow_rollup_hdrs: true,
  });
});

test("bounds are lowered to fit into a broker's smaller store", async () => {
  const connect = await startBoundedBroker(700 * MiB);
  const bus = await connect({});
  await provision(bus);
  const streams = await Array.fromAsync(bus.jsm.streams.list());
  expect(streams).toHaveLength(20);
  expect(streams.reduce((sum, { config }) => sum + config.max_bytes, 0)).toBeLessThanOrEqual(700 * MiB);
  for (const { config } of streams) expect(config.max_bytes).toBeGreaterThanOrEqual(MiB);
  await provision(bus);
});

test("processes that start together get the configured bounds, although the broker counts a stream twice while two create it", async () => {
  const bounds = planBounds(toBoundSettings({}));
  const planned = { ...bounds.work, ...bounds.buckets, events: bounds.events, deadLetters: bounds.deadLetters };
  const sum = Object.values(planned).reduce((total, bytes) => total + bytes, 0);
  const connect = await startBoundedBroker(sum + MiB);
  const buses = await Promise.all(Array.from({ length: 8 }, () => connect({})));
  await Promise.all(buses.map((bus) => provision(bus)));
  const bus = buses[0] as Bus;
  const found = (await Array.fromAsync(bus.jsm.streams.list())).map(({ config }) => config.max_bytes);
  expect(found.sort((a, b) => a - b)).toEqual(Object.values(planned).sort((a, b) => a - b));
});

test("an entry is rewritten byte by byte as the newest, and older entries are purged", async () => {
  const { bus } = await startTestBus();
  const put = async (key: string, text: string) => (await bus.js.publish(`$KV.results.${key}`, text)).seq;
  const first = await put("t.a", "\u0000 no message");
  await put("t.b", "b");
  const last = await put("t.c", "c");
  expect(await rewriteEntry(bus, "results", "t.a", first)).toBe(first);
  const rewritten = await rewriteEntry(bus, "results", "t.a", last);
  expect(rewritten).toBe(last + 1);
  expect(await purgeBelow(bus, "results", last)).toBe(1);
  const found = await bus.jsm.streams.getMessage("KV_results", { last_by_subj: "$KV.results.t.a" });
  expect(found?.string()).toBe("\u0000 no message");
  expect([await sequenceOf(bus, "results", "t.a"), await sequenceOf(bus, "results", "t.b")]).toEqual([
    rewritten,
    undefined,
  ]);
  expect(await rewriteEntry(bus, "results", "t.b", 1_000)).toBeUndefined();
  expect([await findKey(bus, "results", "*.c"), await findKey(bus, "results", "*.b")]).toEqual(["t.c", undefined]);
  // The mark of a deleted key is not rewritten.
  const store = await openStore(bus, "results", WaitEntry);
  await store.delete("t.c");
  expect(await rewriteEntry(bus, "results", "t.c", 1_000)).toBeUndefined();
});

test("a purge that ends at a replaced entry keeps the key's newer entry", async () => {
  const { bus } = await startTestBus();
  const put = async (key: string) => (await bus.js.publish(`$KV.results.${key}`, new Uint8Array(10))).seq;
  const sequences: number[] = [];
  for (let at = 0; at < 200; at++) sequences.push(await put(`t.${at % 3 === 0 ? "often" : at}`));
  const often = sequences[198] as number;
  // Each round purges up to a replaced entry, then past it.
  for (let at = 6; at < 190; at += 6) {
    for (const next of [at, at + 1]) {
      await purgeBelow(bus, "results", sequences[next] as number);
      expect(await sequenceOf(bus, "results", "t.often")).toBe(often);
    }
  }
  await purgeBelow(bus, "results", often);
  expect(await readBucketState(bus, "results")).toMatchObject({ firstSequence: often, entries: 2 });
});

test("a concurrent write wins over a rewrite of the same entry", async () => {
  const { bus } = await startTestBus();
  const store = await openStore(bus, "results", WaitEntry);
  const revision = (await store.create("t.a", { jobId: "0", stepId: "" })) as number;
  const writes = Array.from({ length: 50 }, (_, at) => store.put("t.a", { jobId: String(at + 1), stepId: "" }));
  await Promise.all([
    ...writes,
    ...Array.from({ length: 20 }, () => rewriteEntry(bus, "results", "t.a", revision + 1_000)),
  ]);
  expect((await store.get("t.a"))?.value.jobId).toBe("50");
});

test("a full bucket is widened for a rewrite, and narrowed once its entries fit", async () => {
  const connect = await startBoundedBroker();
  const bus = await connect({ natsResultsMaxBytes: MiB });
  await provision(bus);
  const put = (key: string) => bus.js.publish(`$KV.results.${key}`, new Uint8Array(16 * 1024));
  let stored = 0;
  await expect(
    (async () => {
      for (;;) {
        await put(`k${stored}`);
        stored++;
      }
    })(),
  ).rejects.toThrow();
  await expect(rewriteEntry(bus, "results", "k0", 1_000)).rejects.toMatchObject({ reason: "QUEUE_FULL" });
  await widenBucket(bus, "results");
  expect(await rewriteEntry(bus, "results", "k0", 1_000)).toBe(stored + 1);
  expect((await readBucketState(bus, "results")).boundBytes).toBe(MiB);
  await put("more");
  await put("and-more");
  await narrowBucket(bus, "results");
  expect(await maxBytes(bus, "KV_results")).toBeGreaterThan(MiB);
  await purgeBelow(bus, "results", 10);
  await narrowBucket(bus, "results");
  expect(await maxBytes(bus, "KV_results")).toBe(MiB);
});

test("a full bucket of uploads removes its oldest entries, so a flood of one tenant does not stop the uploads of another", async () => {
  const connect = await startBoundedBroker();
  const bus = await connect({});
  await provision(bus);
  await provision(bus);
  expect((await bus.jsm.streams.info("KV_uploads")).config.discard).toBe(DiscardPolicy.Old);
  const bound = await maxBytes(bus, "KV_uploads");
  const value = new Uint8Array(900);
  const count = Math.ceil(bound / value.length) + 1_000;
  for (let at = 0; at < count; at += 1_000)
    await Promise.all(Array.from({ length: 1_000 }, (_, i) => bus.js.publish(`$KV.uploads.flood.k${at + i}`, value)));
  await bus.js.publish("$KV.uploads.other.new", value);
  const find = (key: string) => bus.jsm.streams.getMessage("KV_uploads", { last_by_subj: `$KV.uploads.${key}` });
  expect((await find("other.new"))?.data.length).toBe(value.length);
  expect(await find("flood.k0")).toBeNull();
});
