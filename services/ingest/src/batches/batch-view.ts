import { Batch, type BatchProgress, type BatchSpec, BatchState, Priority } from "@pixelmesh/proto";
import { toBatchPace } from "../domain/batch-pace.ts";
import { countBatchJobs } from "../domain/batch-progress.ts";
import type { StoredBatch } from "./batch-store.ts";

/** Returns the view of a batch, without ends of jobs. */
export function toBatch({ spec, progress }: Pick<StoredBatch, "spec" | "progress">, nowUnixMs: number): Batch {
  const { header, createdUnixMs } = spec;
  const { succeeded, failed, cancelled, running, waiting } = countBatchJobs(progress, spec.sources);
  const isOver = progress.finishedUnixMs !== 0;
  const pace = toBatchPace({
    ended: progress.ended,
    from: progress.retryBefore,
    nowS10: Math.floor(((isOver ? progress.finishedUnixMs : nowUnixMs) - createdUnixMs) / 100),
    left: isOver ? 0 : running + waiting,
  });
  return Batch.create({
    id: spec.batchId,
    state: toState(progress),
    jobsTotal: spec.sources,
    jobsSucceeded: succeeded,
    jobsFailed: failed,
    jobsCancelled: cancelled,
    jobsRunning: running,
    createdUnixMs,
    finishedUnixMs: progress.finishedUnixMs,
    etaMs: pace.etaMs,
    jobsPerSecond: isOver ? 0 : pace.jobsPerSecond,
    labels: header?.labels ?? [],
    requestId: header?.requestId ?? "",
    priority: header?.priority ?? Priority.BATCH,
  });
}

/** Returns the view of a batch that has just been created. */
export function toNewBatch(spec: BatchSpec, progress: BatchProgress): Batch {
  return toBatch({ spec, progress }, spec.createdUnixMs);
}

function toState({ cancelled, finishedUnixMs }: BatchProgress): BatchState {
  if (finishedUnixMs === 0) return BatchState.RUNNING;
  return cancelled ? BatchState.CANCELLED : BatchState.ENDED;
}
