import { type BatchEnd, type BatchProgress, JobState } from "@pixelmesh/proto";

/** The jobs of a batch by state. The sum is the number of its sources. */
export type BatchCounts = {
  readonly succeeded: number;
  readonly failed: number;
  readonly cancelled: number;
  /** Created or about to run again, and not ended. */
  readonly running: number;
  /** Not created yet. */
  readonly waiting: number;
};

/** The state of one job of a batch. `state` is UNSPECIFIED while it waits to be created. */
export type BatchJobState = {
  readonly state: JobState;
  /** 1 for the first. */
  readonly attempt: number;
  /** The end of this attempt; undefined while it waits or runs. */
  readonly end: BatchEnd | undefined;
};

/** Returns the place in `ended` of the last end of each source; -1 for a source without one. */
export function lastEnds({ ended }: Pick<BatchProgress, "ended">, sources: number): Int32Array {
  const last = new Int32Array(sources).fill(-1);
  for (const [place, { index }] of ended.entries()) if (index >= 0 && index < sources) last[index] = place;
  return last;
}

/** Whether a retry of the batch runs the job again whose last end is at this place of `ended`. */
export function runsAgain(progress: BatchProgress, place: number): boolean {
  const { ended, retryBefore, retryCancelled, finishedUnixMs } = progress;
  if (finishedUnixMs !== 0 || place >= retryBefore) return false;
  const state = ended[place]?.state;
  return state === JobState.FAILED || (retryCancelled && state === JobState.CANCELLED);
}

/** Returns the state of the job of one source. `place` is that of its last end, or -1. */
export function batchJobState(progress: BatchProgress, index: number, place: number): BatchJobState {
  const end = progress.ended[place];
  if (end === undefined) {
    const isCreated = index < progress.created;
    return { state: isCreated ? JobState.RUNNING : JobState.UNSPECIFIED, attempt: 1, end: undefined };
  }
  if (runsAgain(progress, place)) return { state: JobState.RUNNING, attempt: end.attempt + 1, end: undefined };
  return { state: end.state, attempt: end.attempt, end };
}

/** Counts the jobs of a batch by state. */
export function countBatchJobs(progress: BatchProgress, sources: number): BatchCounts {
  const counts = { succeeded: 0, failed: 0, cancelled: 0, running: 0, waiting: 0 };
  for (const [index, place] of lastEnds(progress, sources).entries())
    counts[nameOf(batchJobState(progress, index, place).state)] += 1;
  return counts;
}

function nameOf(state: JobState): keyof BatchCounts {
  if (state === JobState.SUCCEEDED) return "succeeded";
  if (state === JobState.FAILED) return "failed";
  if (state === JobState.CANCELLED) return "cancelled";
  return state === JobState.RUNNING ? "running" : "waiting";
}

/** Returns the ends that `ended` does not have yet: an attempt of a job ends once. */
export function newEnds(ended: readonly BatchEnd[], last: Int32Array, ends: readonly BatchEnd[]): BatchEnd[] {
  const attemptOf = (index: number) => ended[last[index] ?? -1]?.attempt ?? 0;
  return ends.filter(({ index, attempt }) => attempt > attemptOf(index));
}
