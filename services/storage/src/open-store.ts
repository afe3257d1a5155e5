import { bidForLease } from "@pixelmesh/bus";
import type { ServiceBase } from "@pixelmesh/service";
import { openFileStore } from "./adapters/file-store.ts";
import type { CacheRules } from "./adapters/file-store-options.ts";
import type { CheckStore } from "./adapters/index/check-store.ts";
import { openBlobIndex } from "./adapters/index/open-blob-index.ts";
import { assertOnlyReplica } from "./adapters/other-replicas.ts";
import { readMemory } from "./adapters/tiers/memory-pressure.ts";
import { openColdStore } from "./adapters/tiers/open-cold-store.ts";
import { openTieredStore } from "./adapters/tiers/tiered-store.ts";
import type { StorageConfig } from "./config.ts";
import type { BlobStore } from "./domain/blob-store.ts";
import type { LifetimeRules } from "./domain/lifetime.ts";

const secondMs = 1_000;
const minuteMs = 60 * secondMs;
const dayMs = 24 * 60 * minuteMs;

/** Pauses between sweeps for which a store without expired blobs is left alone. */
const sweepRestFactor = 6;

/** The store of this process. `check` is there with a shared store only. */
export type OpenedStore = { readonly store: BlobStore; readonly check?: CheckStore };

/** Opens the store that the settings name: the directory, or with `PIXELMESH_STORAGE_COLD` the tiers above a shared store. */
export async function openStore(
  config: StorageConfig,
  lifetime: LifetimeRules,
  base: ServiceBase,
): Promise<OpenedStore> {
  if (config.cold === "") {
    await assertOnlyReplica(base.bus, config.instance);
    return { store: await openDirectory(config, lifetime, base) };
  }
  const { life, log, metrics, bus } = base;
  const cold = await openColdStore(config.cold, config);
  const sweeping = await bidForLease(bus, "storage-sweep", `${base.worker}-${process.pid}-${Date.now()}`);
  life.defer("lease of the sweep", sweeping.close);
  const tiered = await openTieredStore({
    cold,
    index: await openBlobIndex(bus, lifetime, Date.now),
    openWarm: ({ pins, counts }) =>
      openDirectory(config, lifetime, base, () => counts.corrupt("warm"), {
        restMs: config.warmTtlMs,
        isPinned: pins.has,
        onEvicted: (_sha256, _sizeBytes, idleMs) => counts.evicted("warm", idleMs),
      }),
    rules: { lifetime, ttls: { hot: config.hotTtlMs, warm: config.warmTtlMs, cold: config.coldTtlMs } },
    hotMaxBytes: config.hotMaxBytes,
    directory: config.dir,
    snapshotEveryMs: 30 * secondMs,
    sweepVisits: 2_000,
    flushEveryMs: 5 * secondMs,
    coldSweepEveryMs: 10 * minuteMs,
    maySweep: sweeping.isHeld,
    readMemory: () => readMemory(config.memoryLimitBytes),
    log,
    metrics,
    unixMs: Date.now,
    monotonicMs: () => performance.now(),
  });
  life.defer("shared store", tiered.close);
  return tiered;
}

function openDirectory(
  config: StorageConfig,
  lifetime: LifetimeRules,
  { log }: Pick<ServiceBase, "log">,
  onCorrupt: () => void = () => {},
  cache?: CacheRules,
): Promise<BlobStore> {
  return openFileStore({
    directory: config.dir,
    lifetime,
    capacity: { maxBytes: config.maxBytes, minFreeBytes: config.minFreeBytes },
    maxBlobBytes: config.maxBlobBytes,
    sweepVisits: 2_000,
    sweepRestMs: sweepRestFactor * config.sweepEveryMs,
    tempStaleMs: 60 * minuteMs,
    trustMs: 10 * minuteMs,
    quarantineMs: 7 * dayMs,
    fullRestMs: 2_000,
    ...(cache ? { cache } : {}),
    onCorrupt(sha256) {
      log.error({ sha256 }, "a stored blob no longer has its digest; it was set aside");
      onCorrupt();
    },
    unixMs: Date.now,
    monotonicMs: () => performance.now(),
  });
}
