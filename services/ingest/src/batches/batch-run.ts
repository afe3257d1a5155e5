import { isJobEnded } from "@pixelmesh/pipeline";
import { type BatchProgress, type BatchSpec, ErrorReason, JobState } from "@pixelmesh/proto";
import type { Announcement, StoredBatch } from "./batch-store.ts";
import { createRunRecord } from "./run-record.ts";
import type { JobEnd } from "./start-batch-job.ts";

/** A job of a batch that can be created now. */
export type NextJob = { readonly index: number; readonly attempt: number; readonly mayExist: boolean };

/** One unfinished batch in the memory of its feeder: what is stored of it, and what has happened since. */
export type BatchRun = {
  readonly spec: BatchSpec;
  announcement(): Announcement;
  /** Attempts of jobs that were created, or are being created, and have not ended: attempt by index. */
  readonly open: ReadonlyMap<number, number>;
  revision(): number;
  isCancelled(): boolean;
  /** Whether no job is left, although that may not be stored yet. */
  isOver(): boolean;
  /** Whether the stored record says that every job has ended. */
  isFinished(): boolean;
  /** Takes the next job to create; undefined if there is none now. It is open from then on. */
  takeNext(): NextJob | undefined;
  /** Gives back a job that could not be created now. In a cancelled batch it ends. */
  giveBack(index: number): void;
  /** Notes the end of a job. Only the first end of an attempt counts. */
  end(index: number, attempt: number, end: JobEnd): void;
  /** Ends every job that was not created as cancelled. */
  cancelWaiting(): void;
  /** Returns the stored state of a job. */
  stateOf(index: number): JobState;
  /** Whether something is to be written. */
  isDirty(): boolean;
  /** Returns the progress record with all that has happened. It is finished once no job is left. */
  toProgress(nowUnixMs: number): BatchProgress;
  /** Takes over the record that was written. Ends that came meanwhile are kept. */
  written(progress: BatchProgress, revision: number): void;
  /** Takes over the record of another writer. Ends that it does not have are kept, and jobs that it runs again are created. */
  load(stored: Pick<StoredBatch, "progress" | "revision">, announcement: Announcement): void;
};

const notCreated: JobEnd = { state: JobState.CANCELLED, reason: ErrorReason.CANCELLED };

/**
 * Creates the run of a stored batch. `window` is the largest number of its open jobs: a feeder that takes a batch over looks for the jobs that an
 * earlier one may have created, which are at most twice as many.
 */
export function createBatchRun(stored: StoredBatch, announced: Announcement, window: number): BatchRun {
  const { spec } = stored;
  const { sources } = spec;
  const record = createRunRecord(spec, stored);
  const open = new Map<number, number>();
  let announcement = announced;
  let returned: number[] = [];
  let scanned = 0;
  let looksLeft = 2 * window;

  function nextDue(): Omit<NextJob, "mayExist"> | undefined {
    for (;;) {
      const index = returned.pop() ?? (scanned < sources ? scanned++ : undefined);
      if (index === undefined) return undefined;
      const attempt = open.has(index) ? undefined : record.attemptDue(index);
      if (attempt !== undefined) return { index, attempt };
    }
  }

  /** All sources before this place have been created. */
  const createdCount = () => Math.max(record.progress.created, Math.min(scanned, ...returned));
  const isOver = () => open.size === 0 && returned.length === 0 && scanned >= sources;
  const isFinished = () => record.progress.finishedUnixMs !== 0;

  return {
    spec,
    open,
    announcement: () => announcement,
    revision: () => record.revision,
    isCancelled: () => record.progress.cancelled,
    isOver,
    isFinished,
    takeNext() {
      const due = nextDue();
      if (!due) return undefined;
      open.set(due.index, due.attempt);
      const mayExist = looksLeft > 0;
      looksLeft -= 1;
      return { ...due, mayExist };
    },
    giveBack(index) {
      const attempt = open.get(index);
      if (attempt === undefined) return;
      open.delete(index);
      if (record.progress.cancelled) record.addEnd(index, attempt, notCreated);
      else returned.push(index);
    },
    end(index, attempt, end) {
      if (open.get(index) !== attempt || !isJobEnded(end.state)) return;
      open.delete(index);
      record.addEnd(index, attempt, end);
    },
    cancelWaiting() {
      for (let due = nextDue(); due; due = nextDue()) record.addEnd(due.index, due.attempt, notCreated);
    },
    stateOf: record.stateOf,
    isDirty: () => record.hasNewEnds || createdCount() > record.progress.created || (isOver() && !isFinished()),
    toProgress: (nowUnixMs) => ({
      ...record.progress,
      created: createdCount(),
      ended: record.allEnds(),
      finishedUnixMs: isOver() ? nowUnixMs : 0,
    }),
    written: (progress, revision) => record.take({ progress, revision }),
    load(next, nextAnnouncement) {
      announcement = nextAnnouncement;
      record.take(next);
      for (const [index, attempt] of open) if (record.endedAttempt(index) >= attempt) open.delete(index);
      // A retry runs jobs again that were passed before.
      returned = [];
      scanned = 0;
    },
  };
}
