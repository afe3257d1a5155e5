import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Bus, connectBus, provision, readBucketState, sequenceOf, startBroker, toMaxBytes } from "@pixelmesh/bus";
import { createLogger, createMetrics } from "@pixelmesh/telemetry";
import { expect, onTestFinished, test } from "vitest";
import { evictBucket } from "../src/reconciler/evict-bucket.ts";
import { createLiveKeys } from "../src/reconciler/live-keys.ts";
import { type JobStore, recordKey, specKey } from "../src/stores/job-store.ts";

const boundBytes = 64 * 1024;
const openJobs = ["old-1", "old-2", "old-3"].map((jobId) => ({ jobId, tenant: "t" }));
const keysOf = ({ jobId, tenant }: (typeof openJobs)[number]) => [specKey(tenant, jobId), recordKey(jobId)];

async function startSmallBus(): Promise<Bus> {
  const dataDir = mkdtempSync(join(tmpdir(), "pixelmesh-evict-"));
  const broker = await startBroker({ dataDir });
  onTestFinished(async () => {
    await broker.stop();
    rmSync(dataDir, { recursive: true });
  });
  const bus = await connectBus({
    natsUrl: broker.url,
    natsReplicas: 1,
    ackWaitMs: 30_000,
    name: "test",
    natsJobsMaxBytes: boundBytes,
    log: createLogger({ service: "test", level: "silent" }),
    metrics: createMetrics("test", "0"),
  });
  onTestFinished(() => bus.close());
  await provision(bus);
  return bus;
}

/** Dependencies of an eviction pass where `openJobs` are open. The keys in `jobs` are known without reading a record. */
const partsOf = (bus: Bus) => ({
  bus,
  open: { list: async () => openJobs },
  live: createLiveKeys(bus, {} as JobStore),
  mayContinue: () => true,
});

test("entries of open jobs are written again and survive, however many finished jobs are evicted", {
  timeout: 60_000,
}, async () => {
  const bus = await startSmallBus();
  const put = (key: string, bytes = 400) => bus.js.publish(`$KV.jobs.${key}`, new Uint8Array(bytes));
  for (const job of openJobs) for (const key of keysOf(job)) await put(key);
  const parts = partsOf(bus);
  for (let round = 0; round < 150; round++) {
    // A finished job: its record was written three times.
    for (let at = 0; at < 8; at++) {
      await put(specKey("t", `done-${round}-${at}`));
      for (const bytes of [300, 350, 380]) await put(recordKey(`done-${round}-${at}`), bytes);
    }
    if (round % 10 === 0) for (const { jobId } of openJobs) await put(recordKey(jobId), 300 + round);
    const { sizeBytes } = await evictBucket(parts, "jobs", 1_000_000);
    expect(sizeBytes).toBeLessThanOrEqual(boundBytes);
    for (const job of openJobs)
      for (const key of keysOf(job)) expect(await sequenceOf(bus, "jobs", key), `${key} in ${round}`).toBeDefined();
  }
  const { state } = await bus.jsm.streams.info("KV_jobs", { subjects_filter: "$KV.jobs.>" });
  expect(state.messages).toBe(Object.keys(state.subjects ?? {}).length);
});

test("a bucket nearly full of unfinished jobs is widened before it refuses writes, and narrowed when they have ended", async () => {
  const bus = await startSmallBus();
  const maxBytes = toMaxBytes("jobs", boundBytes);
  const parts = partsOf(bus);
  for (const job of openJobs) {
    const [spec = "", record = ""] = keysOf(job);
    await bus.js.publish(`$KV.jobs.${spec}`, new Uint8Array((0.96 * maxBytes) / openJobs.length));
    await bus.js.publish(`$KV.jobs.${record}`, new Uint8Array(100));
  }
  expect((await evictBucket(parts, "jobs", 1_000_000)).isCrowded).toBe(true);
  expect((await readBucketState(bus, "jobs")).maxBytes).toBeGreaterThan(maxBytes);
  const ended = { ...parts, open: { list: async () => [] } };
  await bus.js.publish("$KV.jobs.spec.t.next", new Uint8Array(100));
  await evictBucket(ended, "jobs", 1_000_000);
  const after = await readBucketState(bus, "jobs");
  expect(after.maxBytes).toBe(maxBytes);
  expect(after.sizeBytes).toBeLessThan(boundBytes);
});
