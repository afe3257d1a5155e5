import { setTimeout as sleep } from "node:timers/promises";
import { AppError, toAppError } from "@pixelmesh/errors";
import { isJobEnded, mergeProgress } from "@pixelmesh/pipeline";
import type { Job, StepWait } from "@pixelmesh/proto";
import type { StoredJob } from "../stores/job-store.ts";
import { followJob, type JobUpdate } from "./job-follower.ts";
import { createReaders } from "./readers.ts";
import type { RecentRecord } from "./recent-records.ts";

/** One job as this replica follows it, for all its readers. */
export type JobFeed = {
  update(update: JobUpdate): void;
  /** Yields the newest view at once, then each newer one until the job has ended. A slow reader skips views in between. */
  read(signal: AbortSignal): AsyncGenerator<Job, void, undefined>;
};

/** The least time between two views, for each reader, so that views are not made faster than they can be written. */
const pauseMsPerReader = 0.25;
/** A record that cannot be read is tried so often, with a pause that doubles. */
const maxReadFailures = 4;
const firstPauseMs = 250;
// Created once: an abort without a reason creates an error with a stack trace each time.
const noReader = new AppError("CANCELLED", "The last reader has left");

/**
 * Follows a job from the first reader to the last, with one subscription and one read of the record for each change, however many
 * readers there are. `onEmpty` is called once, when the last reader has left or the feed has ended. The first view is that of `known`.
 */
export function openJobFeed(
  readRecord: () => Promise<StoredJob>,
  view: (job: StoredJob) => Job,
  onEmpty: () => void,
  known?: RecentRecord,
): JobFeed {
  const closing = new AbortController();
  const follower = followJob(() => readWithRetries(readRecord, closing.signal), closing.signal, known);
  const readers = createReaders();
  let shown: Job | undefined;
  let version = 0;
  let failure: unknown;
  let isOver = false;
  let isReportedEmpty = false;

  /** From the first call on, a new reader gets a new feed. */
  function reportEmpty(): void {
    if (!isReportedEmpty) onEmpty();
    isReportedEmpty = true;
  }

  async function follow(): Promise<void> {
    for (;;) {
      const next = mergeProgress(shown, view(await follower.read()));
      if (isChanged(shown, next)) {
        version += 1;
        readers.wakeAll();
      }
      shown = next;
      if (isJobEnded(next.state)) return;
      await follower.wait(readers.size * pauseMsPerReader);
    }
  }
  follow()
    .catch((error: unknown) => {
      failure = error;
    })
    .finally(() => {
      isOver = true;
      follower.close();
      reportEmpty();
      readers.wakeAll();
    });

  return {
    update: follower.update,
    async *read(signal) {
      let wake = () => {};
      const onWake = () => wake();
      const removeReader = readers.add(onWake);
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
        removeReader();
        if (readers.size === 0) {
          reportEmpty();
          closing.abort(noReader);
        }
      }
    },
  };
}

function isChanged(shown: Job | undefined, next: Job): boolean {
  if (shown === undefined) return true;
  if (next.revision !== shown.revision || next.progress !== shown.progress || next.etaMs !== shown.etaMs) return true;
  return next.steps.some(({ wait }, index) => !isSameWait(wait, shown.steps[index]?.wait));
}

function isSameWait(a: StepWait | undefined, b: StepWait | undefined): boolean {
  return a?.reason === b?.reason && a?.position === b?.position && a?.deviceId === b?.deviceId;
}

/** Reads a record. Retries BROKER_UNAVAILABLE with backoff before it throws. */
async function readWithRetries(readRecord: () => Promise<StoredJob>, signal: AbortSignal): Promise<StoredJob> {
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
