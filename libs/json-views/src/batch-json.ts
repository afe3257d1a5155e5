import { reasonFromEnum } from "@pixelmesh/errors";
import { type Batch, type BatchJob, BatchState, JobState, Priority } from "@pixelmesh/proto";
import { toEnumWord } from "./enum-word.ts";

/** Converts a batch to JSON, with words for enums, without what only a watch has. */
export function toBatchJson({ ended: _ended, cursor: _cursor, jobIds: _jobIds, ...batch }: Batch) {
  return {
    ...batch,
    state: toEnumWord(BatchState, batch.state).toUpperCase(),
    priority: toEnumWord(Priority, batch.priority),
  };
}

/** Converts a job of a batch to JSON. `jobId` is null where there is no job; `state` is WAITING before it is created. */
export function toBatchJobJson({ index, name, jobId, state, error, attempt }: BatchJob) {
  return {
    index,
    name,
    jobId: jobId || null,
    state: toBatchJobWord(state).toUpperCase(),
    attempt,
    error: error ? { reason: reasonFromEnum(error.reason), message: error.message } : null,
  };
}

/** Returns the lower-case name of the state of a job of a batch: "waiting" before it is created. */
export function toBatchJobWord(state: JobState): string {
  return state === JobState.UNSPECIFIED ? "waiting" : toEnumWord(JobState, state);
}
