import type { BatchEnd, BatchProgress, BatchSpec, JobState } from "@pixelmesh/proto";
import { batchJobState, lastEnds, newEnds, runsAgain } from "../domain/batch-progress.ts";
import type { StoredBatch } from "./batch-store.ts";
import type { JobEnd } from "./start-batch-job.ts";

/** The progress record of a run as it is stored, and the ends that are not stored yet. */
export type RunRecord = {
  readonly progress: BatchProgress;
  readonly revision: number;
  /** Whether ends are to be written. */
  readonly hasNewEnds: boolean;
  /** Returns the attempt that is due of a source; undefined if its job has ended for good. */
  attemptDue(index: number): number | undefined;
  /** Returns the last attempt that has ended, as it is stored; 0 before the first. */
  endedAttempt(index: number): number;
  /** Returns the stored state of a job. */
  stateOf(index: number): JobState;
  addEnd(index: number, attempt: number, end: JobEnd): void;
  /** Returns the stored ends and the new ones. */
  allEnds(): BatchEnd[];
  /** Takes over a stored record. Keeps the ends that it does not have. */
  take(stored: Pick<StoredBatch, "progress" | "revision">): void;
};

/** Creates the record of a run. */
export function createRunRecord(
  { sources, createdUnixMs }: Pick<BatchSpec, "sources" | "createdUnixMs">,
  stored: Pick<StoredBatch, "progress" | "revision">,
): RunRecord {
  let { progress, revision } = stored;
  let last = lastEnds(progress, sources);
  let added: BatchEnd[] = [];
  const addedAttempts = new Map<number, number>();
  const placeOf = (index: number) => last[index] ?? -1;
  const endedAttempt = (index: number) => progress.ended[placeOf(index)]?.attempt ?? 0;

  return {
    get progress() {
      return progress;
    },
    get revision() {
      return revision;
    },
    get hasNewEnds() {
      return added.length > 0;
    },
    attemptDue(index) {
      const place = placeOf(index);
      const isDue = place < 0 || runsAgain(progress, place);
      return isDue && !addedAttempts.has(index) ? endedAttempt(index) + 1 : undefined;
    },
    endedAttempt,
    stateOf: (index) => batchJobState(progress, index, placeOf(index)).state,
    addEnd(index, attempt, { state, reason }) {
      const afterS10 = Math.max(0, Math.floor((Date.now() - createdUnixMs) / 100));
      added.push({ index, attempt, state, reason, afterS10 });
      addedAttempts.set(index, attempt);
    },
    allEnds: () => [...progress.ended, ...newEnds(progress.ended, last, added)],
    take(next) {
      ({ progress, revision } = next);
      last = lastEnds(progress, sources);
      added = newEnds(progress.ended, last, added);
      addedAttempts.clear();
      for (const { index, attempt } of added) addedAttempts.set(index, attempt);
    },
  };
}
