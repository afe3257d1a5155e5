import {
  type Bus,
  type EvictableBucket,
  narrowBucket,
  purgeBelow,
  readBucketState,
  rewriteEntry,
  sequenceFrom,
  sequenceOf,
  widenBucket,
} from "@pixelmesh/bus";
import { toAppError } from "@pixelmesh/errors";
import { evictionThresholds, isBelowTarget, isOverfull, nextCut } from "../domain/eviction-thresholds.ts";
import { inParallel } from "../domain/in-parallel.ts";
import { recordKey } from "../stores/job-store.ts";
import type { OpenJob, OpenJobs } from "../stores/open-jobs.ts";
import type { LiveKeys } from "./live-keys.ts";

/** Dependencies of `evictBucket`. */
export type EvictionParts = {
  readonly bus: Bus;
  readonly open: Pick<OpenJobs, "list">;
  readonly live: LiveKeys;
  /** False once the lease is lost or the process stops. */
  readonly mayContinue: () => boolean;
};

/** The outcome of a pass, with the bucket's state after it. */
export type EvictionOutcome = {
  readonly sizeBytes: number;
  readonly boundBytes: number;
  readonly entries: number;
  readonly evicted: number;
  /** Unfinished jobs fill the bucket, so nothing more can be evicted. */
  readonly isCrowded: boolean;
};

const maxPassMs = 10_000;
const concurrency = 16;

/**
 * Evicts the oldest entries of an overfull bucket in steps, like a copying garbage collector: the entries of open jobs in the
 * oldest part are written again, then the part is purged in one request. The cost grows with what is kept, not with what is
 * evicted. A job is listed in `open` from before its first entry until its end. So a list that is read after the cut was chosen
 * names every job with entries below the cut. A pass takes at most 10 s; the next pass continues.
 */
export async function evictBucket(
  parts: EvictionParts,
  bucket: EvictableBucket,
  maxEntries: number,
): Promise<EvictionOutcome> {
  const { bus, mayContinue } = parts;
  const untilMs = performance.now() + maxPassMs;
  let state = await readBucketState(bus, bucket);
  let evicted = 0;
  let isCrowded = false;
  // A full bucket refuses the writes that eviction itself needs (see also `toMaxBytes`).
  if (bucket === "jobs" && state.sizeBytes > evictionThresholds.widen * state.maxBytes) await widenBucket(bus, bucket);
  if (isOverfull({ ...state, maxEntries })) {
    const passEnd = state.lastSequence;
    while (!isBelowTarget({ ...state, maxEntries }) && performance.now() < untilMs && mayContinue()) {
      // The pass went through all entries that existed at its start. The rest is needed or newer.
      if (state.firstSequence > passEnd) break;
      const cut = await chooseCut(bus, bucket, nextCut(state.firstSequence, state.lastSequence, passEnd));
      const step = await evictBelow(parts, bucket, cut, state);
      evicted += step.evicted;
      state = await readBucketState(bus, bucket);
      if (!step.isDone) break;
    }
    isCrowded = state.firstSequence > passEnd && isOverfull({ ...state, maxEntries });
    await narrowBucket(bus, bucket);
  }
  const { sizeBytes, boundBytes, entries } = state;
  return { sizeBytes, boundBytes, entries, evicted, isCrowded };
}

/**
 * Returns the sequence of the first entry at or above `sequence` up to which purging is safe (see `purgeBelow`). In `jobs` that is a
 * specification, because only eviction writes specifications again. Entries of the other buckets rarely change.
 */
async function chooseCut(bus: Bus, bucket: EvictableBucket, sequence: number): Promise<number> {
  return (await sequenceFrom(bus, bucket, sequence, bucket === "jobs" ? "spec.>" : ">")) ?? sequence;
}

/** Evicts what lies below a cut. Not `isDone`: an entry of an open job was not found, so the rest stays until the next pass. */
async function evictBelow(
  { bus, open, live }: EvictionParts,
  bucket: EvictableBucket,
  cut: number,
  { firstSequence, lastSequence }: { readonly firstSequence: number; readonly lastSequence: number },
): Promise<{ readonly evicted: number; readonly isDone: boolean }> {
  const jobs = await open.list();
  live.retain(jobs);
  const needed: OpenJob[] = [];
  let lowest = cut;
  await inParallel(jobs, concurrency, async (job) => {
    const floor = await live.floorOf(bucket, job, cut, lastSequence);
    if (floor < cut) needed.push(job);
    lowest = Math.min(lowest, floor);
  });
  // Purging up to the first needed entry makes space for the entries that are written again.
  let evicted = lowest > firstSequence ? await purgeBelow(bus, bucket, lowest) : 0;
  let isDone = true;
  await inParallel(needed, concurrency, async (job) => {
    const floor = await rewriteJob({ bus, live }, bucket, job, cut, lastSequence);
    if (floor === undefined) isDone = false;
    else live.raise(bucket, job, floor);
  });
  if (cut > lowest && isDone) evicted += await purgeBelow(bus, bucket, cut);
  return { evicted, isDone };
}

/**
 * Writes a job's entries below the cut again. Returns the lowest sequence of its entries; undefined if an entry in `jobs` was not
 * found. An open job has both entries there, except for a moment during its creation.
 */
async function rewriteJob(
  { bus, live }: Pick<EvictionParts, "bus" | "live">,
  bucket: EvictableBucket,
  job: OpenJob,
  cut: number,
  lastSequence: number,
): Promise<number | undefined> {
  // A call that lost its request id is open for a moment without a record. Its specification is another job's.
  if (bucket === "jobs" && (await sequenceOf(bus, bucket, recordKey(job.jobId))) === undefined) return undefined;
  let floor = lastSequence + 1;
  let isFound = true;
  let below = cut;
  // One after another, so that the specification stays below the record: without its record it would begin an ended job again.
  for (const key of await live.keysOf(bucket, job)) {
    const sequence = await rewrite(bus, bucket, key, below);
    if (sequence === undefined) isFound = false;
    else floor = Math.min(floor, sequence);
    if (bucket === "jobs" && sequence !== undefined) below = Math.max(below, sequence);
  }
  return bucket === "jobs" && !isFound ? undefined : floor;
}

async function rewrite(bus: Bus, bucket: EvictableBucket, key: string, cut: number): Promise<number | undefined> {
  try {
    return await rewriteEntry(bus, bucket, key, cut);
  } catch (error) {
    if (toAppError(error).reason !== "QUEUE_FULL") throw error;
    await widenBucket(bus, bucket);
    return rewriteEntry(bus, bucket, key, cut);
  }
}
