import { type Batch, type Batches, type BatchJob, JobState } from "@pixelmesh/client";
import { toErrorText } from "@pixelmesh/json-views";
import { escapeLine } from "../format/safe-text.ts";
import type { Overall } from "../run/overall-line.ts";
import { toShownName } from "./output-places.ts";
import type { OverallProgress } from "./overall-progress.ts";

/** How a batch is followed. */
export type FollowOptions = {
  readonly cursor?: string | undefined;
  readonly progress: OverallProgress;
  readonly signal: AbortSignal;
  /** Called with each job that has ended, in that order. `cursor` continues after the jobs that are known to have been passed on. */
  readonly onEnded: (job: BatchJob, cursor: string) => void;
};

/**
 * Follows a batch to its end. Shows its progress and why jobs failed. Resolves to the batch. When it fails or is interrupted, it notes how to go on.
 * Throws BATCH_NOT_FOUND, and INVALID_ARGUMENT for a wrong cursor.
 */
export async function followBatch(batches: Batches, id: string, options: FollowOptions): Promise<Batch> {
  const { progress, signal, onEnded } = options;
  let cursor = options.cursor ?? "";
  let last: Batch | undefined;
  try {
    for await (const batch of batches.watch(id, { cursor, signal })) {
      for (const [place, job] of batch.ended.entries()) {
        if (job.state === JobState.FAILED) progress.fail(toFailureLine(job));
        onEnded(job, place === batch.ended.length - 1 ? batch.cursor : cursor);
      }
      cursor = batch.cursor;
      last = batch;
      progress.show(toOverall(batch));
    }
  } catch (error) {
    if (last)
      progress.fail(`batch ${id} goes on; \`pixelmesh batches watch ${id} --cursor ${cursor}\` follows it from here`);
    throw error;
  }
  if (last === undefined) throw new Error("A watch yields the batch at least once");
  return last;
}

/** Whether every job of the batch succeeded. */
export function isAllSucceeded({ jobsSucceeded, jobsTotal }: Batch): boolean {
  return jobsSucceeded === jobsTotal;
}

function toFailureLine({ index, name, error }: BatchJob): string {
  return `${escapeLine(toShownName(index, name))}: ${error ? toErrorText(error) : "failed"}`;
}

function toOverall(batch: Batch): Overall {
  const { jobsTotal: total, jobsSucceeded: done, jobsRunning: running, jobsPerSecond, etaMs } = batch;
  const failed = batch.jobsFailed + batch.jobsCancelled;
  return {
    ...{ total, done, failed, running, skipped: 0 },
    perSecond: jobsPerSecond > 0 ? jobsPerSecond : undefined,
    leftMs: etaMs > 0 && done + failed < total ? etaMs : undefined,
  };
}
