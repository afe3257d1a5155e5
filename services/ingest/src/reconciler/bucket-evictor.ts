import type { EvictableBucket } from "@pixelmesh/bus";
import type { ServiceBase } from "@pixelmesh/service";
import { evictionThresholds } from "../domain/eviction-thresholds.ts";
import type { JobStore } from "../stores/job-store.ts";
import type { OpenJobs } from "../stores/open-jobs.ts";
import { type EvictionOutcome, evictBucket } from "./evict-bucket.ts";
import { createLiveKeys } from "./live-keys.ts";

/** Evicts the oldest finished entries of the buckets `jobs` and `results`. */
export type BucketEvictor = {
  /** Starts a pass now, because a new job lacks space. */
  runNow(): void;
  close(): Promise<void>;
};

/** The largest number of jobs and results. Each entry takes about 0.3 KiB of the broker's memory. */
export type EvictionLimits = { readonly keepJobs: number; readonly keepResults: number };

/** Dependencies of `startBucketEvictor`. */
export type BucketEvictorParts = {
  readonly base: Pick<ServiceBase, "bus" | "log" | "metrics">;
  readonly store: Pick<JobStore, "find">;
  readonly open: OpenJobs;
  /** Only the replica that holds the lease evicts. It is the reconciler's lease. */
  readonly lease: { isHeld(): boolean };
  readonly limits: EvictionLimits;
};

/** Pause after a pass that found other sizes than the one before, and after one that found the same: nothing is being stored. */
const passEveryMs = 1_000;
const passAtRestMs = 5_000;
/** Longest time at rest without a pass while this replica adds no job. */
const longestRestMs = 20_000;
const passOftenMs = 50;
/** A bucket full of unfinished jobs is skipped for twice the duration of the last pass, within these bounds. */
const [minPauseMs, maxPauseMs] = [200, 20_000];
const buckets: readonly EvictableBucket[] = ["jobs", "results"];
const nothing: EvictionOutcome = { sizeBytes: 0, boundBytes: 0, entries: 0, evicted: 0, isCrowded: false };

/** Checks the buckets once a second, every 5 s while nothing is stored, and every 50 ms while one is nearly full (docs/adr/0073). */
export function startBucketEvictor({ base, store, open, lease, limits }: BucketEvictorParts): BucketEvictor {
  const { bus, log, metrics } = base;
  // A job has two entries: its specification and its record.
  const maxEntries = { jobs: 2 * limits.keepJobs, results: limits.keepResults };
  const live = createLiveKeys(bus, store);
  const pausedUntilMs = new Map<EvictableBucket, number>();
  let isClosed = false;
  let wake = () => {};
  let isWoken = false;
  let hasLed = false;
  const parts = { bus, open, live, mayContinue: () => !isClosed && lease.isHeld() };

  /** Returns the bucket's size as a share of its bound; 0 for a paused bucket. */
  async function evict(bucket: EvictableBucket): Promise<number> {
    if (performance.now() < (pausedUntilMs.get(bucket) ?? 0)) return 0;
    const startMs = performance.now();
    const outcome = await evictBucket(parts, bucket, maxEntries[bucket]);
    if (outcome.isCrowded) {
      const tookMs = performance.now() - startMs;
      pausedUntilMs.set(bucket, performance.now() + Math.min(maxPauseMs, Math.max(minPauseMs, 2 * tookMs)));
      log.warn({ bucket, ...outcome }, "unfinished jobs fill the bucket; new jobs are refused until some have ended");
    } else if (outcome.evicted > 0) log.info({ bucket, ...outcome }, "the oldest finished entries were removed");
    exportMetrics(bucket, outcome);
    return outcome.sizeBytes / outcome.boundBytes;
  }

  function exportMetrics(bucket: EvictableBucket, { sizeBytes, boundBytes, entries, evicted }: EvictionOutcome): void {
    metrics.set("pixelmesh_bucket_bytes", { bucket }, sizeBytes);
    metrics.set("pixelmesh_bucket_bound_bytes", { bucket }, boundBytes);
    metrics.set("pixelmesh_bucket_entries", { bucket }, entries);
    metrics.count("pixelmesh_bucket_evictions_total", { bucket }, evicted);
  }

  /** Evicts from every bucket. Returns the share of the fullest one. */
  async function evictAll(): Promise<number> {
    let fullest = 0;
    for (const bucket of buckets) {
      const share = await evict(bucket).catch((error: unknown) => {
        log.debug({ err: error, bucket }, "bucket not checked; it is retried");
        return 0;
      });
      fullest = Math.max(fullest, share);
    }
    return fullest;
  }

  const isPaused = () => [...pausedUntilMs.values()].some((untilMs) => untilMs > performance.now());

  function pauseMs(fullest: number, isSame: boolean): number {
    if (fullest > evictionThresholds.end) return passOftenMs;
    return isSame && !isPaused() ? passAtRestMs : passEveryMs;
  }

  const running = (async () => {
    let fullest = 0;
    let isSame = false;
    let passedMs = Number.NEGATIVE_INFINITY;

    /** Whether a pass would find what the last one found. */
    function isAtRest(): boolean {
      if (isWoken || !hasLed || !isSame || isPaused() || fullest > evictionThresholds.end) return false;
      return open.addedMs() < passedMs && performance.now() - passedMs < longestRestMs;
    }

    while (!isClosed) {
      if (!lease.isHeld()) {
        [fullest, isSame] = [0, true];
        // The replica that holds the lease now exports these metrics.
        if (hasLed) for (const bucket of buckets) exportMetrics(bucket, nothing);
        hasLed = false;
      } else if (!isAtRest()) {
        hasLed = true;
        isWoken = false;
        passedMs = performance.now();
        const before = fullest;
        fullest = await evictAll();
        isSame = fullest === before;
      }
      const { promise, resolve } = Promise.withResolvers<void>();
      wake = resolve;
      const timer = setTimeout(resolve, pauseMs(fullest, isSame));
      if (!isClosed) await promise;
      clearTimeout(timer);
    }
  })();

  return {
    runNow() {
      isWoken = true;
      wake();
    },
    async close() {
      isClosed = true;
      wake();
      await running;
    },
  };
}
