import {
  type Bus,
  type KeptBucket,
  narrowBucket,
  purgeBelow,
  readBucketState,
  rewriteEntry,
  sequenceFrom,
  widenBucket,
} from "@pixelmesh/bus";
import { toAppError } from "@pixelmesh/errors";
import { hasRoomAgain, isOverfull, keepShares, nextCut } from "../domain/eviction-thresholds.ts";
import type { OpenJob, OpenJobs } from "../stores/open-jobs.ts";
import type { LiveKeys } from "./live-keys.ts";

/** What a pass over a bucket works with. */
export type KeepParts = {
  readonly bus: Bus;
  readonly open: Pick<OpenJobs, "list">;
  readonly live: LiveKeys;
  /** False: the lease is gone, or the process stops. */
  readonly mayGoOn: () => boolean;
};

/** What a pass did. `isCrowded`: what unfinished jobs need fills the bucket, so that nothing more can be removed. */
export type Kept = {
  readonly sizeBytes: number;
  readonly boundBytes: number;
  readonly entries: number;
  readonly evicted: number;
  readonly isCrowded: boolean;
};

const maxPassMs = 10_000;
const inFlight = 16;

/**
 * Removes the oldest entries of a bucket that is overfull, in steps, as a copying collector does: what open jobs need of the
 * oldest part is written again, then the part is removed in one request. The cost follows what is kept, not what is removed.
 * An open job is listed in `open` before its first entry is written and until its end is: so a list that is read after the
 * cut was chosen names every job with entries below the cut. One pass is bounded in time; the next one goes on.
 */
export async function keepBucket(parts: KeepParts, bucket: KeptBucket, maxEntries: number): Promise<Kept> {
  const { bus, mayGoOn } = parts;
  const untilMs = performance.now() + maxPassMs;
  let state = await readBucketState(bus, bucket);
  let evicted = 0;
  let isCrowded = false;
  // A bucket that refuses has nearly no room for what makes room; and see `toMaxBytes`.
  if (bucket === "jobs" && state.sizeBytes > keepShares.widen * state.maxBytes) await widenBucket(bus, bucket);
  if (isOverfull({ ...state, maxEntries })) {
    const passEnd = state.lastSequence;
    while (!hasRoomAgain({ ...state, maxEntries }) && performance.now() < untilMs && mayGoOn()) {
      // All that was there has been gone through: what is left is needed, or new.
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
 * The sequence of the first entry at or above `sequence` that is safe to purge up to (see `purgeBelow`). In `jobs` it is a
 * specification, because only the keeper writes those again. Entries of the other buckets rarely change.
 */
async function chooseCut(bus: Bus, bucket: KeptBucket, sequence: number): Promise<number> {
  return (await sequenceFrom(bus, bucket, sequence, bucket === "jobs" ? "spec.>" : ">")) ?? sequence;
}

async function evictBelow(
  { bus, open, live }: KeepParts,
  bucket: KeptBucket,
  cut: number,
  { firstSequence, lastSequence }: { readonly firstSequence: number; readonly lastSequence: number },
): Promise<{ readonly evicted: number; readonly isDone: boolean }> {
  const jobs = await open.list();
  live.retain(jobs);
  const needed: OpenJob[] = [];
  let lowest = cut;
  await inParallel(jobs, async (job) => {
    const floor = await live.floorOf(bucket, job, cut, lastSequence);
    if (floor < cut) needed.push(job);
    lowest = Math.min(lowest, floor);
  });
  // What comes before the first entry that is needed makes room for writing the needed ones again.
  let evicted = lowest > firstSequence ? await purgeBelow(bus, bucket, lowest) : 0;
  let isDone = true;
  await inParallel(needed, async (job) => {
    let floor = lastSequence + 1;
    let isFound = true;
    // One after another: a job's specification stays below its record, which its job moves.
    for (const key of await live.keysOf(bucket, job)) {
      const sequence = await rewrite(bus, bucket, key, cut);
      if (sequence === undefined) isFound = false;
      else floor = Math.min(floor, sequence);
    }
    // An open job has both of its entries, but for a moment while it is made. The next pass finds what this one did not.
    if (bucket === "jobs" && !isFound) isDone = false;
    else live.raise(bucket, job, floor);
  });
  if (cut > lowest && isDone) evicted += await purgeBelow(bus, bucket, cut);
  return { evicted, isDone };
}

async function rewrite(bus: Bus, bucket: KeptBucket, key: string, cut: number): Promise<number | undefined> {
  try {
    return await rewriteEntry(bus, bucket, key, cut);
  } catch (error) {
    if (toAppError(error).reason !== "QUEUE_FULL") throw error;
    await widenBucket(bus, bucket);
    return rewriteEntry(bus, bucket, key, cut);
  }
}

async function inParallel<T>(all: readonly T[], act: (one: T) => Promise<void>): Promise<void> {
  const left = all[Symbol.iterator]();
  await Promise.all(
    Array.from({ length: inFlight }, async () => {
      for (const one of left) await act(one);
    }),
  );
}
