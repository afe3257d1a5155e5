import { AppError } from "@pixelmesh/errors";
import { type Batch, type BatchProgress, JobState, type RetryBatchRequest } from "@pixelmesh/proto";
import type { BatchStore, StoredBatch } from "../../batches/batch-store.ts";
import { maxBatchAttempts, maxBatchEnds } from "../../domain/batch-limits.ts";
import { lastEnds } from "../../domain/batch-progress.ts";
import { callTenant } from "../call-tenant.ts";
import { changeBatch } from "./change-batch.ts";

/** RetryBatch: runs the failed jobs of an ended batch again, and the cancelled ones of a cancelled batch. */
export function createRetryBatch(batches: Pick<BatchStore, "get" | "updateProgress" | "announce">) {
  return async ({ batchId }: RetryBatchRequest): Promise<Batch> =>
    changeBatch(batches, batchId, callTenant(), (batch) => toRetried(batch, Date.now()));
}

/** Returns the progress record of the retry; undefined if no job is to be retried. Throws INVALID_ARGUMENT. */
export function toRetried({ spec, progress }: StoredBatch, nowUnixMs: number): BatchProgress | undefined {
  const { ended, cancelled, finishedUnixMs } = progress;
  if (finishedUnixMs === 0)
    throw refused("Expected a batch that has ended, got one that runs; wait for its end or cancel it");
  const isRetried = ({ state }: { state: JobState }) =>
    state === JobState.FAILED || (cancelled && state === JobState.CANCELLED);
  const again = [...lastEnds(progress, spec.sources)].flatMap((place) => ended[place] ?? []).filter(isRetried);
  if (again.length === 0) return undefined;
  if (again.some(({ attempt }) => attempt >= maxBatchAttempts))
    throw refused(
      `Expected at most ${maxBatchAttempts - 1} retries of a batch; create a batch of the pictures that fail`,
    );
  if (ended.length + again.length > maxBatchEnds)
    throw refused(
      `Expected at most ${maxBatchEnds} ends of jobs with all retries; create a batch of the pictures that fail`,
    );
  if (nowUnixMs >= spec.expiresUnixMs)
    throw refused("Expected a batch of the last 24 hours: the pictures of older ones are not kept; create a new batch");
  return { ...progress, cancelled: false, retryBefore: ended.length, retryCancelled: cancelled, finishedUnixMs: 0 };
}

function refused(description: string): AppError {
  return new AppError("INVALID_ARGUMENT", description, { fields: [{ field: "batch_id", description }] });
}
