import { type Reason, reasonToEnum } from "@pixelmesh/errors";
import type { JobFilter as FilterMessage, JobState } from "@pixelmesh/proto";

/** Jobs that meet every given criterion. */
export type JobFilter = {
  /** In one of these states. */
  readonly states?: readonly JobState[];
  /** With all of these labels. `batch:<batch id>` names the jobs of a batch. */
  readonly labels?: readonly string[];
  /** Whose error has one of these reasons. */
  readonly reasons?: readonly Reason[];
  /** With a step of each of these operations: prescale, upscale, … */
  readonly operations?: readonly string[];
  /** Created then or later. */
  readonly createdAfter?: Date;
  /** Created earlier. */
  readonly createdBefore?: Date;
  /** One of these, at most 1,000. */
  readonly jobIds?: readonly string[];
};

/** Converts a filter to its message. */
export function toFilterMessage(filter: JobFilter): FilterMessage {
  return {
    states: [...(filter.states ?? [])],
    labels: [...(filter.labels ?? [])],
    reasons: (filter.reasons ?? []).map(reasonToEnum),
    operations: [...(filter.operations ?? [])],
    createdAfterUnixMs: filter.createdAfter?.getTime() ?? 0,
    createdBeforeUnixMs: filter.createdBefore?.getTime() ?? 0,
    jobIds: [...(filter.jobIds ?? [])],
  };
}
