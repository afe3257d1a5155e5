import type { KeptBucket } from "@pixelmesh/bus";
import type { ServiceBase } from "@pixelmesh/service";
import { keepShares } from "../domain/eviction-thresholds.ts";
import type { JobStore } from "../stores/job-store.ts";
import type { OpenJobs } from "../stores/open-jobs.ts";
import { type Kept, keepBucket } from "./evict-bucket.ts";
import { createLiveKeys } from "./live-keys.ts";

/** Makes room in the buckets of finished work. */
export type Keeper = {
  /** Looks at once: there is no room for a new job. */
  hurry(): void;
  close(): Promise<void>;
};

/** Most entries of each bucket: each takes the broker about 0.3 KiB of memory. */
export type KeepLimits = { readonly keepJobs: number; readonly keepRequests: number; readonly keepResults: number };

/** What the keeper works with. */
export type KeeperParts = {
  readonly base: ServiceBase;
  readonly store: JobStore;
  readonly open: OpenJobs;
  /** One replica keeps: the one that reconciles. */
  readonly lease: { isHeld(): boolean };
  readonly limits: KeepLimits;
};

const lookEveryMs = 1_000;
const lookOftenMs = 50;
/** A bucket that unfinished jobs fill is left alone for twice as long as going through it took, within these. */
const [minPauseMs, maxPauseMs] = [200, 20_000];
const buckets: readonly KeptBucket[] = ["jobs", "requests", "results"];

/** Looks at the buckets of finished work once a second, more often while one is nearly full (docs/adr/0073). */
export function startKeeper({ base, store, open, lease, limits }: KeeperParts): Keeper {
  const { bus, log, metrics } = base;
  // A job has a specification and a record.
  const maxEntries = { jobs: 2 * limits.keepJobs, requests: limits.keepRequests, results: limits.keepResults };
  const live = createLiveKeys(bus, store);
  const pausedUntilMs = new Map<KeptBucket, number>();
  let isClosed = false;
  let wake = () => {};
  let hasLed = false;
  const parts = { bus, open, live, mayGoOn: () => !isClosed && lease.isHeld() };

  async function look(bucket: KeptBucket): Promise<number> {
    if (performance.now() < (pausedUntilMs.get(bucket) ?? 0)) return 0;
    const startMs = performance.now();
    const kept = await keepBucket(parts, bucket, maxEntries[bucket]);
    if (kept.isCrowded) {
      const tookMs = performance.now() - startMs;
      pausedUntilMs.set(bucket, performance.now() + Math.min(maxPauseMs, Math.max(minPauseMs, 2 * tookMs)));
      log.warn({ bucket, ...kept }, "unfinished jobs fill the bucket; new jobs are refused until some have ended");
    } else if (kept.evicted > 0) log.info({ bucket, ...kept }, "the oldest finished entries were removed");
    note(bucket, kept);
    return kept.sizeBytes / kept.boundBytes;
  }

  function note(bucket: KeptBucket, { sizeBytes, boundBytes, entries, evicted }: Kept): void {
    metrics.set("pixelmesh_bucket_bytes", { bucket }, sizeBytes);
    metrics.set("pixelmesh_bucket_bound_bytes", { bucket }, boundBytes);
    metrics.set("pixelmesh_bucket_entries", { bucket }, entries);
    metrics.count("pixelmesh_bucket_evictions_total", { bucket }, evicted);
  }

  /** Another replica keeps now, and tells of it. */
  function clear(): void {
    for (const bucket of buckets)
      note(bucket, { sizeBytes: 0, boundBytes: 0, entries: 0, evicted: 0, isCrowded: false });
  }

  const keeping = (async () => {
    while (!isClosed) {
      let fullest = 0;
      if (lease.isHeld()) {
        hasLed = true;
        for (const bucket of buckets) {
          const fill = await look(bucket).catch((error: unknown) => {
            log.debug({ err: error, bucket }, "bucket not looked at; tried again");
            return 0;
          });
          fullest = Math.max(fullest, fill);
        }
      } else if (hasLed) {
        hasLed = false;
        clear();
      }
      const { promise, resolve } = Promise.withResolvers<void>();
      wake = resolve;
      const timer = setTimeout(resolve, fullest > keepShares.end ? lookOftenMs : lookEveryMs);
      if (!isClosed) await promise;
      clearTimeout(timer);
    }
  })();

  return {
    hurry: () => wake(),
    async close() {
      isClosed = true;
      wake();
      await keeping;
    },
  };
}
