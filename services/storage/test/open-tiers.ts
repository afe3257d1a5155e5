import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Bus, connectBus, provision, startBroker } from "@pixelmesh/bus";
import { createLogger, createMetrics } from "@pixelmesh/telemetry";
import { onTestFinished } from "vitest";
import { openColdDirectory } from "../src/adapters/cold-directory.ts";
import { openFileStore } from "../src/adapters/file-store.ts";
import { openBlobIndex } from "../src/adapters/index/open-blob-index.ts";
import type { MemoryReading } from "../src/adapters/tiers/memory-pressure.ts";
import { openTieredStore } from "../src/adapters/tiers/tiered-store.ts";
import type { ColdStore } from "../src/domain/cold-store.ts";

export const mib = 1024 * 1024;
export const hour = 3_600_000;
export const day = 24 * hour;
const log = createLogger({ service: "test", level: "silent" });

/** Options of a test replica. */
export type ReplicaOptions = {
  readonly warmBytes?: number;
  readonly hotBytes?: number;
  readonly flushEveryMs?: number;
  readonly snapshotEveryMs?: number;
  readonly directory?: string;
  /** Default: the shared directory. */
  readonly cold?: ColdStore;
  readonly wrapCold?: (cold: ColdStore) => ColdStore;
  readonly readMemory?: () => MemoryReading;
};

/** Starts a broker with all buckets and creates an empty shared directory; `openReplica` opens a store in tiers on them. All end with the test. */
export async function startTiers() {
  const root = mkdtempSync(join(tmpdir(), "pixelmesh-tiers-"));
  const broker = await startBroker({ dataDir: join(root, "nats") });
  onTestFinished(async () => {
    await broker.stop();
    rmSync(root, { recursive: true, force: true });
  });
  const bus: Bus = await connectBus({
    natsUrl: broker.url,
    natsReplicas: 1,
    ackWaitMs: 30_000,
    name: "test",
    log,
    metrics: createMetrics("test", "0"),
  });
  onTestFinished(() => bus.close());
  await provision(bus);
  const coldDir = mkdtempSync(join(root, "cold-"));
  const clock = { aheadMs: 0 };
  const unixMs = () => Date.now() + clock.aheadMs;
  const lifetime = {
    minMs: hour,
    maxMs: 30 * day,
    slackMs: 60_000,
    graceMs: 1_000,
    outputHoldMs: hour,
    inputRestMs: day,
    frameRestMs: hour / 6,
  };
  const coldOptions = {
    tempStaleMs: hour,
    trustMs: 0,
    quarantineMs: day,
    unixMs: Date.now,
    monotonicMs: () => performance.now(),
  };
  const index = await openBlobIndex(bus, lifetime, unixMs);

  async function openReplica(options: ReplicaOptions = {}) {
    const { warmBytes = 64 * mib, hotBytes = 0, flushEveryMs = 3_600_000, wrapCold = (cold) => cold } = options;
    const directory = options.directory ?? mkdtempSync(join(root, "warm-"));
    const metrics = createMetrics("storage", "0");
    const { store, check, close } = await openTieredStore({
      cold: wrapCold(options.cold ?? (await openColdDirectory({ directory: coldDir, ...coldOptions }))),
      index,
      openWarm: ({ pins, counts }) =>
        openFileStore({
          directory,
          lifetime,
          capacity: { maxBytes: warmBytes, minFreeBytes: 0 },
          maxBlobBytes: 32 * mib,
          sweepVisits: 100_000,
          sweepRestMs: 0,
          tempStaleMs: hour,
          trustMs: hour,
          quarantineMs: hour,
          fullRestMs: 0,
          cache: {
            restMs: 3 * day,
            isPinned: pins.has,
            onEvicted: (_sha256, _sizeBytes, idleMs) => counts.evicted("warm", idleMs),
          },
          onCorrupt: () => counts.corrupt("warm"),
          unixMs,
          monotonicMs: () => performance.now(),
        }),
      rules: { lifetime, ttls: { hot: 7 * day, warm: 3 * day, cold: day } },
      hotMaxBytes: hotBytes,
      directory,
      snapshotEveryMs: options.snapshotEveryMs ?? 3_600_000,
      sweepVisits: 100_000,
      flushEveryMs,
      coldSweepEveryMs: hour,
      maySweep: () => true,
      readMemory: options.readMemory ?? (() => ({ usedBytes: 0, limitBytes: mib, availableBytes: mib })),
      log,
      metrics,
      unixMs,
      monotonicMs: () => performance.now(),
    });
    onTestFinished(close);
    const warmPath = (sha256: string) => join(directory, "blobs", sha256.slice(0, 2), sha256.slice(2, 4), sha256);
    const tier = (name: "hot" | "warm" | "cold") => {
      const found = store.stats().tiers.find((each) => each.tier === name);
      if (found === undefined) throw new Error(`there is no tier ${name}`);
      return found;
    };
    return { store, check, close, directory, warmPath, tier, metrics };
  }
  const coldPath = (sha256: string) => join(coldDir, "blobs", sha256.slice(0, 2), sha256.slice(2, 4), sha256);
  return { openReplica, index, bus, broker, clock, coldDir, coldPath, root };
}
