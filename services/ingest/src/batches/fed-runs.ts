import { isJobEnded } from "@pixelmesh/pipeline";
import type { ErrorReason, JobState } from "@pixelmesh/proto";
import { batchJobId } from "../domain/batch-id.ts";
import type { JobRow } from "../listing/job-row.ts";
import type { BatchRun, NextJob } from "./batch-run.ts";

/** An open job of a batch. */
export type OpenBatchJob = NextJob & {
  readonly jobId: string;
  readonly run: BatchRun;
  /** Its record is read at this time, by `performance.now()`, in case its end was missed. */
  readonly lookMs: number;
};

/** The unfinished batches that this replica feeds, and their open jobs by id. */
export type FedRuns = {
  readonly runs: ReadonlyMap<string, BatchRun>;
  add(run: BatchRun): void;
  drop(run: BatchRun): void;
  dropAll(): void;
  /** Adds a job that is about to be created: it may end before its creation returns. */
  openJob(run: BatchRun, next: NextJob, lookMs: number): OpenBatchJob;
  /** Removes a job that could not be created now. */
  giveBack(job: OpenBatchJob): void;
  /** Notes the end of an open job. Ignores the rows of all other jobs, and those of jobs that run. Returns whether it was one. */
  noteRow(row: Pick<JobRow, "jobId" | "state" | "reason">): boolean;
  /** Returns the open jobs, those of one batch or all. */
  openJobs(run?: BatchRun): OpenBatchJob[];
};

/** Creates an empty set. */
export function createFedRuns(): FedRuns {
  const runs = new Map<string, BatchRun>();
  const open = new Map<string, OpenBatchJob>();
  return {
    runs,
    add: (run) => void runs.set(run.spec.batchId, run),
    drop(run) {
      runs.delete(run.spec.batchId);
      for (const [jobId, job] of open) if (job.run === run) open.delete(jobId);
    },
    dropAll() {
      runs.clear();
      open.clear();
    },
    openJob(run, next, lookMs) {
      const job = { ...next, jobId: batchJobId(run.spec, next.index, next.attempt), run, lookMs };
      open.set(job.jobId, job);
      return job;
    },
    giveBack({ jobId, run, index }) {
      open.delete(jobId);
      run.giveBack(index);
    },
    noteRow({ jobId, state, reason }) {
      const job = open.get(jobId);
      if (!job || !isJobEnded(state as JobState)) return false;
      open.delete(jobId);
      job.run.end(job.index, job.attempt, { state: state as JobState, reason: reason as ErrorReason });
      return true;
    },
    openJobs: (run) => [...open.values()].filter((job) => run === undefined || job.run === run),
  };
}
