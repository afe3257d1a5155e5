import { isJobEnded } from "@pixelmesh/pipeline";
import type { JobState } from "@pixelmesh/proto";
import { toJobId } from "./job-bytes.ts";
import type { JobRow } from "./job-row.ts";

/** A job of a page. */
export type ListedJob = Pick<JobRow, "jobId" | "state" | "sequence">;

/** Part of the jobs that a query finds, newest first. */
export type JobPage = {
  readonly rows: readonly ListedJob[];
  /** The id before which the next page begins; empty at the end. A page that is not full may have a next one. */
  readonly next: string;
};

const states = 8;

/** Returns state and reason as one number, by which the table orders its lists. */
export function toOutcome(state: number, reason: number): number {
  return reason * states + state;
}

/** Returns the state of an outcome. */
export function stateOf(outcome: number): number {
  return outcome % states;
}

/** Returns the reason of an outcome; 0 for none. */
export function reasonOf(outcome: number): number {
  return Math.floor(outcome / states);
}

/** Whether the jobs of an outcome are in the lists of their tags. Running jobs are not: they are few, and each would be listed twice. */
export function isListedByTags(outcome: number): boolean {
  return isJobEnded(stateOf(outcome) as JobState);
}

/** Converts a row of the table. */
export function toListed(job: Uint8Array, outcome: number, sequence: number): ListedJob {
  return { jobId: toJobId(job), state: stateOf(outcome), sequence };
}
