import { setTimeout as sleep } from "node:timers/promises";
import { AppError } from "@pixelmesh/errors";
import { evictionThresholds } from "../domain/eviction-thresholds.ts";

/** Whether the bucket `jobs` has space for another job, beside what running jobs still have to write. */
export type BucketSpace = {
  /** Resolves when there is space. Waits up to 3 s for eviction to make some. Throws QUEUE_FULL with RetryInfo. */
  assertSpace(): Promise<void>;
  /** Counts the bytes of a job that this replica accepts, until the next reading includes them. */
  addPending(bytes: number): void;
};

/** Dependencies of `createBucketSpace`. */
export type BucketSpaceParts = {
  readonly read: () => Promise<{ readonly sizeBytes: number; readonly boundBytes: number }>;
  /** Called while there is no space. */
  readonly evictNow: () => void;
};

const freshMs = 250;
const readAgainMs = 25;
const maxWaitMs = 3_000;
const retryAfterMs = 5_000;
/** After a refusal, further calls are refused at once for this time. */
const refuseAtOnceMs = 1_000;

/**
 * Accepts new jobs up to 85 % of the bound. Eviction begins below that, so a bucket that stays above is full of what unfinished jobs
 * need. Half the bound again lies above it, for the records of their ends.
 */
export function createBucketSpace({ read, evictNow }: BucketSpaceParts): BucketSpace {
  let known = { sizeBytes: 0, boundBytes: 1, atMs: Number.NEGATIVE_INFINITY };
  let pendingBytes = 0;
  let reading: Promise<void> | undefined;
  let waiting: Promise<boolean> | undefined;
  let refuseUntilMs = 0;

  async function hasSpace(): Promise<boolean> {
    if (performance.now() - known.atMs > freshMs) {
      reading ??= readAgain().finally(() => {
        reading = undefined;
      });
      await reading;
    }
    return known.sizeBytes + pendingBytes <= evictionThresholds.refuse * known.boundBytes;
  }

  async function readAgain(): Promise<void> {
    pendingBytes = 0;
    known = { ...(await read()), atMs: performance.now() };
  }

  /** All concurrent callers share one wait. */
  async function waitForSpace(): Promise<boolean> {
    const untilMs = performance.now() + maxWaitMs;
    while (performance.now() < untilMs) {
      evictNow();
      await sleep(readAgainMs);
      await readAgain();
      if (await hasSpace()) return true;
    }
    refuseUntilMs = performance.now() + refuseAtOnceMs;
    return false;
  }

  return {
    async assertSpace() {
      if (await hasSpace()) return;
      if (performance.now() >= refuseUntilMs) {
        waiting ??= waitForSpace().finally(() => {
          waiting = undefined;
        });
        if (await waiting) return;
      }
      throw new AppError(
        "QUEUE_FULL",
        "The store of jobs is full of unfinished jobs; try again when some have ended (PIXELMESH_NATS_JOBS_MAX sets its size)",
        { retryAfterMs },
      );
    },
    addPending(bytes) {
      pendingBytes += bytes;
    },
  };
}
