import { randomBytes } from "node:crypto";
import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { loadavg, tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { type Bus, connectBus, startBroker } from "@pixelmesh/bus";
import { createLogger, createMetrics } from "@pixelmesh/telemetry";
import { type StorageProcess, startStorageProcess } from "../harness/caches/storage-process.ts";
import { createTrace } from "../harness/caches/traces.ts";
import { report } from "../harness/report.ts";

/** The trace's objects are scaled down, so that a run stores about 1 GiB instead of 32 GiB. */
const scale = 1 / 16;
const mib = 1024 * 1024;
const hotBytes = 64 * mib;
/** Objects of the trace; its less popular ones count as one of them. */
const objects = 6_000;
const learnRequests = 12_000;
const measuredRequests = 1_000;
const inFlight = 4;
/** The list of blobs in memory is written every 30 s. */
const snapshotMs = 31_000;

type Request = { readonly key: number; readonly sizeBytes: number; readonly savedMs: number };

/**
 * Measures the hit rate of the memory of storage in the first 1,000 requests after kill -9 and a restart, against that in the 1,000 before it, and
 * against a start without the list of blobs in memory, on one Zipf trace.
 */
export async function hotAfterRestartCase(): Promise<boolean> {
  const root = mkdtempSync(join(tmpdir(), "pixelmesh-hot-"));
  const broker = await startBroker({ dataDir: join(root, "nats") });
  const log = createLogger({ service: "bench", level: "silent" });
  const metrics = createMetrics("bench", "0");
  const bus = await connectBus({
    natsUrl: broker.url,
    natsReplicas: 1,
    ackWaitMs: 30_000,
    name: "bench",
    log,
    metrics,
  });
  try {
    mkdirSync(join(root, "cold"));
    return await measure(bus, root, broker.url);
  } finally {
    await bus.close();
    await broker.stop();
    rmSync(root, { recursive: true, force: true });
  }
}

async function measure(bus: Bus, root: string, natsUrl: string): Promise<boolean> {
  const dir = join(root, "warm");
  let started = 0;
  const start = () => {
    started += 1;
    return startStorageProcess(bus, `bench-${started}`, {
      PIXELMESH_NATS_URL: natsUrl,
      PIXELMESH_STORAGE_DIR: dir,
      PIXELMESH_STORAGE_COLD: `file://${join(root, "cold")}`,
      PIXELMESH_STORAGE_HOT_MAX: `${hotBytes / mib}MiB`,
    });
  };
  const trace: Request[] = createTrace("zipf").map(({ key, sizeBytes, savedMs }) => ({
    key: key % objects,
    sizeBytes: Math.max(1_024, Math.round(sizeBytes * scale)),
    savedMs,
  }));
  const stored = new Map<number, string>();
  let at = 0;
  const next = (count: number) => {
    at += count;
    return trace.slice(at - count, at);
  };

  let storage = await start();
  await replay(storage, next(learnRequests), stored);
  const before = await hitRate(storage, next(measuredRequests), stored);
  await sleep(snapshotMs);
  await storage.kill();

  const killedMs = performance.now();
  storage = await start();
  const restartMs = performance.now() - killedMs;
  const requests = next(measuredRequests);
  const startMs = performance.now();
  const after = await hitRate(storage, requests, stored);
  const requestsMs = Math.round(performance.now() - startMs);
  const filled = await storage.tier("hot");
  await storage.kill();

  rmSync(join(dir, "hot-copies.json"));
  storage = await start();
  const empty = await hitRate(storage, requests, stored);
  await storage.kill();

  const details = {
    before,
    after,
    empty,
    restartMs: Math.round(restartMs),
    requestsMs,
    hotBytesAfter: filled.sizeBytes,
    load: loadavg()[0],
  };
  console.log(`  hit rate of the memory: ${before} % before, ${after} % after kill -9, ${empty} % from an empty start`);
  return report("hot-after-restart", [
    {
      name: "hit rate of the memory in the 1,000 requests before a restart, minus that in the 1,000 after it",
      value: round(before - after),
      unit: "points",
      bound: 15,
      details,
    },
    {
      name: "hit rate after an empty start, minus that after a restart",
      value: round(empty - after),
      unit: "points",
      bound: -10,
      details,
    },
  ]);
}

/** Replays requests and returns the hit rate of the memory meanwhile, in percent. */
async function hitRate(
  storage: StorageProcess,
  requests: readonly Request[],
  stored: Map<number, string>,
): Promise<number> {
  const first = await storage.tier("hot");
  await replay(storage, requests, stored);
  const last = await storage.tier("hot");
  const [hits, misses] = [last.hitsTotal - first.hitsTotal, last.missesTotal - first.missesTotal];
  return round((100 * hits) / (hits + misses));
}

/** Reads each object, a few at once; stores it before its first read, as a job would. */
async function replay(
  storage: StorageProcess,
  requests: readonly Request[],
  stored: Map<number, string>,
): Promise<void> {
  const storing = new Map<number, Promise<string>>();
  const queue = requests[Symbol.iterator]();
  const work = async () => {
    for (const { key, sizeBytes, savedMs } of queue) {
      let sha256 = stored.get(key);
      if (sha256 === undefined) {
        const putting = storing.get(key) ?? storage.put(randomBytes(sizeBytes), savedMs);
        storing.set(key, putting);
        sha256 = await putting;
        stored.set(key, sha256);
      }
      await storage.read(sha256);
    }
  };
  await Promise.all(Array.from({ length: inFlight }, work));
}

const round = (value: number) => Math.round(value * 10) / 10;
