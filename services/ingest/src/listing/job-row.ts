import { JobRecord, JobState } from "@pixelmesh/proto";
import { isJobId } from "../domain/job-id.ts";
import type { JobRow } from "./job-table.ts";

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
    const state = allStates.includes(record.state) ? record.state : unreadableState;
    return { jobId, tenant: record.tenant, state, sequence };
  } catch {
    return undefined;
  }
}
