import { JobRecord, JobState } from "@pixelmesh/proto";
import { isJobId } from "../domain/job-id.ts";

/** A job in the index. */
export type JobRow = {
  readonly jobId: string;
  readonly tenant: string;
  /** A `JobState`; 0 if the record cannot be read. */
  readonly state: number;
  /** The `ErrorReason` of the job's error; 0 without an error. */
  readonly reason: number;
  readonly labels: readonly string[];
  /** Operations of its steps, each once. */
  readonly operations: readonly string[];
  /** The sequence of the job's record in the bucket. */
  readonly sequence: number;
};

/** The state of a row whose record cannot be read. */
export const unreadableState = 0;

/** Every state that a row may have. */
export const allStates: readonly number[] = [
  unreadableState,
  JobState.RUNNING,
  JobState.SUCCEEDED,
  JobState.FAILED,
  JobState.CANCELLED,
];

/** Decodes a record to its row. Returns undefined if the bytes are not the record of this job. */
export function toJobRow(jobId: string, sequence: number, value: Uint8Array): JobRow | undefined {
  try {
    const record = JobRecord.decode(value);
    if (record.jobId !== jobId || record.tenant === "" || !isJobId(jobId)) return undefined;
    return rowOf(record, sequence);
  } catch {
    return undefined;
  }
}

/** Returns the row of a record. A state of a later release counts as unreadable. */
export function rowOf({ jobId, tenant, state, error, labels, operations }: JobRecord, sequence: number): JobRow {
  const known = allStates.includes(state) ? state : unreadableState;
  return { jobId, tenant, state: known, reason: error?.reason ?? 0, labels, operations, sequence };
}

/** Returns the row of a job whose record cannot be read. */
export function unreadableRow(jobId: string, tenant: string, sequence: number): JobRow {
  return { jobId, tenant, state: unreadableState, reason: 0, labels: [], operations: [], sequence };
}
