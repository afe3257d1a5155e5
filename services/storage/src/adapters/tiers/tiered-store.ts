import type { BlobStore, StoreStats } from "../../domain/blob-store.ts";
import { createAdoption } from "../index/adopt-blobs.ts";
import { type CheckStore, createCheckStore } from "../index/check-store.ts";
import { createIndexSweeper } from "../index/index-sweeper.ts";
import { createRemoval } from "../index/remove-blob.ts";
import { createKeyedLock } from "../keyed-lock.ts";
import { createCallSums } from "./call-sums.ts";
import { createColdReader } from "./copy-from-cold.ts";
import { createHotTier } from "./hot-tier.ts";
import { keepHot } from "./keep-hot.ts";
import { nextHotBudget } from "./memory-pressure.ts";
import { createPins } from "./pins.ts";
import { createPromotion } from "./promote-blob.ts";
import { createTierReads } from "./read-tiers.ts";
import { createSavedTimes } from "./saved-times.ts";
import { createTierWrites } from "./store-in-tiers.ts";
import { createTierCounts, exportTierSizes } from "./tier-counts.ts";
import type { TieredStoreOptions } from "./tiered-store-options.ts";
import { createUseCounter } from "./use-counter.ts";
import { watchCold } from "./watch-cold.ts";

/** A store in tiers. */
export type TieredStore = {
  readonly store: BlobStore;
  readonly check: CheckStore;
  /** Writes the counted uses and closes the shared store. */
  close(): Promise<void>;
};

const memoryEveryMs = 1_000;
/** For so long after a read of a caller the memory is refilled slowly. */
const busyMs = 250;
/** How long a sweep waits for the shared store to answer. Its state is known this way in replicas without calls too. */
const checkTimeoutMs = 10_000;

/**
 * Opens a store whose blobs are in a shared store of all replicas, with copies on the disk and in the memory of this one. The shared store says
 * which blobs exist, the index how long they stay. This process holds nothing that others need.
 */
export async function openTieredStore(options: TieredStoreOptions): Promise<TieredStore> {
  const { index, rules, log, metrics, unixMs, monotonicMs } = options;

  // 1. The tiers.
  const counts = createTierCounts(metrics);
  const pins = createPins();
  const cold = watchCold(options.cold, monotonicMs, {
    onFailed: (state) => counts.failed(state === "full" ? "full" : "unavailable"),
    onState(state, error) {
      metrics.set("pixelmesh_storage_cold_up", {}, state === "down" ? 0 : 1);
      if (state === "up") log.info({}, "the shared store takes blobs again");
      else log.warn({ err: error, state }, "the shared store refuses; reads of copies go on");
    },
  });
  metrics.set("pixelmesh_storage_cold_up", {}, 1);
  const warm = await options.openWarm({ pins, counts });
  const hot = createHotTier({
    budgetBytes: options.hotMaxBytes,
    monotonicMs,
    onEvicted: (idleMs) => counts.evicted("hot", idleMs),
    onCorrupt(sha256) {
      counts.corrupt("hot");
      log.error({ sha256 }, "a copy in memory no longer has its digest; it was dropped");
    },
  });

  // 2. Removal of blobs.
  const dropCopies = async (sha256: string) => {
    hot.forget(sha256);
    if (!pins.has(sha256)) await warm.delete(sha256);
  };
  const remove = createRemoval({ index, cold, dropCopies });
  const sweeper = createIndexSweeper({
    index,
    rules,
    remove,
    maxVisits: options.sweepVisits,
    onEvicted: (idleMs) => counts.evicted("cold", idleMs),
    unixMs,
  });

  // 3. Reads and writes.
  const adoption = createAdoption({ index, cold, rebuiltMs: rules.ttls.hot, unixMs });
  const uses = createUseCounter(index, unixMs, async (sha256) => {
    if (!(await adoption.adopt(sha256))) await dropCopies(sha256);
  });
  const reader = createColdReader({
    cold,
    warm,
    readSavedMs: createSavedTimes(index),
    async setAside(sha256) {
      counts.corrupt("cold");
      log.error({ sha256 }, "a blob of the shared store does not have its digest; it is set aside");
      if ((await remove(sha256, () => true, "quarantine")) === undefined) await cold.quarantine(sha256);
    },
  });
  const reads = createTierReads({ hot, warm, reader, pins, uses, counts, monotonicMs });
  const evictCold = (bytes: number) => sweeper.evict(bytes);
  const locks = createKeyedLock();
  const writes = createTierWrites({ hot, warm, cold, index, reader, pins, locks, evictCold, dropCopies });
  const sums = createCallSums();
  const promote = createPromotion({ hot, warm, cold, reader, pins, counts });
  let lastReadMs = Number.NEGATIVE_INFINITY;
  const stopKeeping = await keepHot({
    directory: options.directory,
    hot,
    promote,
    expectAgain: uses.expectAgain,
    isBusy: () => monotonicMs() - lastReadMs < busyMs,
    everyMs: options.snapshotEveryMs,
    log,
  });

  const timers = [
    setInterval(() => void uses.flush().catch(() => {}), options.flushEveryMs),
    setInterval(
      () => hot.resize(nextHotBudget(hot.budgetBytes, options.hotMaxBytes, options.readMemory())),
      memoryEveryMs,
    ),
  ];
  for (const timer of timers) timer.unref();
  let coldSweptMs = Number.NEGATIVE_INFINITY;

  async function sweepCold() {
    const isUp = await cold.check(AbortSignal.timeout(checkTimeoutMs)).then(
      () => true,
      () => false,
    );
    if (!isUp || !options.maySweep()) return { visited: 0, removed: 0, freedBytes: 0 };
    if (monotonicMs() - coldSweptMs >= options.coldSweepEveryMs) {
      coldSweptMs = monotonicMs();
      await cold.sweep(AbortSignal.timeout(options.coldSweepEveryMs));
      const adopted = await adoption.step();
      if (adopted > 0) log.warn({ adopted }, "blobs of the shared store had no entry in the index; it was rebuilt");
    }
    return await sweeper.step();
  }

  function stats(): StoreStats {
    const own = warm.stats();
    const tiers = [
      counts.read("hot", { blobs: hot.blobs, sizeBytes: hot.sizeBytes, capacityBytes: hot.budgetBytes }),
      counts.read("warm", { blobs: own.blobs, sizeBytes: own.sizeBytes, capacityBytes: own.capacityBytes }),
      counts.read("cold", { ...sweeper.found, capacityBytes: 0 }),
    ];
    exportTierSizes(metrics, tiers);
    const evictedAgeSeconds = tiers.reduce((sum, tier) => sum + tier.evictedAgeSeconds, 0);
    return { ...own, ...sums.read(), evictedAgeSeconds, tiers };
  }

  const store: BlobStore = {
    put: async (chunks, put, signal) => sums.put(await writes.put(chunks, put, signal)),
    putBytes: async (bytes, put) => sums.put(await writes.putBytes(bytes, put)),
    stat: writes.stat,
    promote,
    async open(sha256, offsetBytes, lengthBytes, signal) {
      lastReadMs = monotonicMs();
      const startedMs = lastReadMs;
      const blob = await reads.open(sha256, offsetBytes, lengthBytes, signal);
      sums.get(monotonicMs() - startedMs);
      return blob;
    },
    async readBytes(sha256, maxBytes) {
      lastReadMs = monotonicMs();
      const startedMs = lastReadMs;
      const bytes = await reads.readBytes(sha256, maxBytes);
      sums.get(monotonicMs() - startedMs);
      return bytes;
    },
    // The shared store has no space that one replica could reserve. While it takes nothing, no new job is accepted.
    reserve: async () => cold.assertUp(),
    release: index.release,
    async delete(sha256) {
      const existed = (await cold.stat(sha256)) !== undefined;
      if ((await remove(sha256, () => true)) === undefined && existed) await cold.remove(sha256);
      await dropCopies(sha256);
      return existed;
    },
    async sweep() {
      const own = await warm.sweep();
      const shared = await sweepCold();
      return {
        visited: own.visited + shared.visited,
        removed: own.removed + shared.removed,
        freedBytes: own.freedBytes + shared.freedBytes,
      };
    },
    stats,
  };
  return {
    store,
    check: createCheckStore({ index, cold, remove, rebuiltMs: rules.ttls.hot, unixMs }),
    async close() {
      for (const timer of timers) clearInterval(timer);
      await stopKeeping();
      await uses.flush();
      await cold.close();
    },
  };
}
