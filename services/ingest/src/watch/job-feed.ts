import { setTimeout as sleep } from "node:timers/promises";
import { toAppError } from "@pixelmesh/errors";
import { isJobEnded, mergeProgress } from "@pixelmesh/pipeline";
import type { Job } from "@pixelmesh/proto";
import type { StoredJob } from "../stores/job-store.ts";
import { followJob, type JobNews } from "./job-follower.ts";

/** One job as this process follows it, for all who watch it here. */
export type JobFeed = {
  hear(news: JobNews): void;
  /** The newest view at once, then each newer one, until the job has ended. A slow reader misses what lies in between. */
  read(signal: AbortSignal): AsyncGenerator<Job, void, undefined>;
};

/** How many readers are woken in one turn of the event loop: each writes a message. */
const wokenPerTurn = 64;
/** Between two views, for each reader: views are not made faster than they can be written. */
const pauseMsPerReader = 0.25;
/** A record that cannot be read now is tried again so often, with a pause that doubles. */
const maxReadFailures = 4;
const firstPauseMs = 250;

/**
 * Follows a job from the first reader to the last: one listener and one read of the record for each change, however many watch.
 * `onEmpty` is called once there is no reader left, or nothing more to say.
 */
export function openJobFeed(
  readRecord: () => Promise<StoredJob>,
  view: (job: StoredJob) => Job,
  onEmpty: () => void,
): JobFeed {
  const closing = new AbortController();
  const followed = followJob(() => readPatiently(readRecord, closing.signal), closing.signal);
  const readers = new Set<() => void>();
  let shown: Job | undefined;
  let version = 0;
  let failure: unknown;
  let isOver = false;
  let isLeft = false;
  /** Once: from then on a new reader gets a new feed. */
  function leave(): void {
    if (!isLeft) onEmpty();
    isLeft = true;
  }

  function wakeSome(waiting: readonly (() => void)[]): void {
    for (const wake of waiting.slice(0, wokenPerTurn)) wake();
    if (waiting.length > wokenPerTurn) setImmediate(wakeSome, waiting.slice(wokenPerTurn));
  }
  async function follow(): Promise<void> {
    for (;;) {
      const next = mergeProgress(shown, view(await followed.look()));
      if (isNews(shown, next)) {
        version += 1;
        wakeSome([...readers]);
      }
      shown = next;
      if (isJobEnded(next.state)) return;
      await followed.wait(readers.size * pauseMsPerReader);
    }
  }
  follow()
    .catch((error: unknown) => {
      failure = error;
    })
    .finally(() => {
      isOver = true;
      followed.close();
      leave();
      wakeSome([...readers]);
    });

  return {
    hear: followed.hear,
    async *read(signal) {
      let wake = () => {};
      const onWake = () => wake();
      readers.add(onWake);
      signal.addEventListener("abort", onWake, { once: true });
      try {
        for (let seen = 0; ; ) {
          signal.throwIfAborted();
          if (shown !== undefined && version > seen) {
            seen = version;
            yield shown;
            continue;
          }
          if (failure !== undefined) throw failure;
          if (isOver) return;
          const { promise, resolve } = Promise.withResolvers<void>();
          wake = resolve;
          await promise;
        }
      } finally {
        signal.removeEventListener("abort", onWake);
        readers.delete(onWake);
        if (readers.size === 0) {
          leave();
          closing.abort();
        }
      }
    },
  };
}

function isNews(shown: Job | undefined, next: Job): boolean {
  if (shown === undefined) return true;
  return next.revision !== shown.revision || next.progress !== shown.progress || next.etaMs !== shown.etaMs;
}

/** Reads a record; one that the broker does not give now is asked for again before all who watch are told. */
async function readPatiently(readRecord: () => Promise<StoredJob>, signal: AbortSignal): Promise<StoredJob> {
  for (let failures = 0; ; ) {
    try {
      return await readRecord();
    } catch (error) {
      failures += 1;
      if (toAppError(error).reason !== "BROKER_UNAVAILABLE" || failures >= maxReadFailures) throw error;
      await sleep(firstPauseMs * 2 ** (failures - 1), undefined, { signal });
    }
  }
}
