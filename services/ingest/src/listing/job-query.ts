import { isJobEnded } from "@pixelmesh/pipeline";
import { JobState } from "@pixelmesh/proto";
import { createdUnixMsOf } from "../domain/job-id.ts";
import { isOfBatch } from "../domain/labels.ts";
import { allStates, type JobRow } from "./job-row.ts";

/** Jobs of one tenant that meet every criterion. */
export type JobQuery = {
  readonly tenant: string;
  /** One of these `JobState`s; 0: the record cannot be read. */
  readonly states: readonly number[];
  /** One of these `ErrorReason`s. Empty: any, or none. */
  readonly reasons: readonly number[];
  /** Has all of these. */
  readonly labels: readonly string[];
  /** Has a step of each of these. */
  readonly operations: readonly string[];
  /** Inclusive; 0: from the first job. */
  readonly createdAfterUnixMs: number;
  /** Exclusive; 0: to the newest job. */
  readonly createdBeforeUnixMs: number;
  /** One of these. Empty: any. */
  readonly jobIds: readonly string[];
  /** Failed and cancelled jobs that belong to no batch. */
  readonly isRetryable: boolean;
};

/** Returns the query for all jobs of a tenant. */
export function allJobsOf(tenant: string): JobQuery {
  return {
    tenant,
    states: allStates,
    reasons: [],
    labels: [],
    operations: [],
    createdAfterUnixMs: 0,
    createdBeforeUnixMs: 0,
    jobIds: [],
    isRetryable: false,
  };
}

/** Whether a job ended without success and belongs to no batch. */
export function isRetryable({ state, labels }: Pick<JobRow, "state" | "labels">): boolean {
  return isJobEnded(state as JobState) && state !== JobState.SUCCEEDED && !isOfBatch(labels);
}

/** Whether a job meets every criterion of a query. */
export function matchesQuery(query: JobQuery, row: JobRow): boolean {
  const createdUnixMs = createdUnixMsOf(row.jobId);
  return (
    row.tenant === query.tenant &&
    query.states.includes(row.state) &&
    (query.reasons.length === 0 || query.reasons.includes(row.reason)) &&
    query.labels.every((label) => row.labels.includes(label)) &&
    query.operations.every((operation) => row.operations.includes(operation)) &&
    createdUnixMs >= query.createdAfterUnixMs &&
    (query.createdBeforeUnixMs === 0 || createdUnixMs < query.createdBeforeUnixMs) &&
    (query.jobIds.length === 0 || query.jobIds.includes(row.jobId)) &&
    (!query.isRetryable || isRetryable(row))
  );
}
