import type { Priority } from "@pixelmesh/proto";

/** The job, tenant and deadline of a slot request. A WorkItem has these fields; a direct call has an empty job id. */
export type SlotAccount = {
  readonly jobId: string;
  readonly tenant: string;
  readonly priority: Priority;
  readonly deadlineUnixMs: number;
  /** Of the step, from 1. Left out: a direct call. */
  readonly attempt?: number;
};
