import type { JobChange } from "@pixelmesh/pipeline";
import { createKeyedQueue } from "./keyed-queue.ts";

/** Collects the changes of each job, so that changes that arrive together are written together. */
export type ChangeBatcher<T> = {
  /**
   * Applies a change together with all waiting changes of its job. May first wait up to `maxWaitMs` for more of them. `onStored` is called
   * once the change is stored, which may be before the promise resolves.
   */
  add(jobId: string, change: JobChange, maxWaitMs?: number, onStored?: () => void): Promise<T>;
  /** Runs a task while no change of the job is being applied. */
  runExclusive(jobId: string, task: () => Promise<T>): Promise<T>;
  /** Applies all waiting changes now, and later ones without a wait. */
  flushAll(): void;
};

type Batch<T> = {
  readonly changes: JobChange[];
  readonly onStored: (() => void)[];
  readonly outcome: PromiseWithResolvers<T>;
  timer?: NodeJS.Timeout;
  isDue: boolean;
};

/**
 * `apply` gets the changes in the order in which they were added, and calls `onStored` when they are stored. It never runs twice at once
 * for one job.
 */
export function createChangeBatcher<T>(
  apply: (jobId: string, changes: readonly JobChange[], onStored: () => void) => Promise<T>,
): ChangeBatcher<T> {
  const queue = createKeyedQueue();
  const waiting = new Map<string, Batch<T>>();
  let isFlushing = false;

  function flush(jobId: string, batch: Batch<T>): void {
    clearTimeout(batch.timer);
    if (batch.isDue) return;
    batch.isDue = true;
    const applied = queue.run(jobId, () => {
      // The batch takes further changes until its turn comes.
      waiting.delete(jobId);
      return apply(jobId, batch.changes, () => {
        for (const notify of batch.onStored) notify();
      });
    });
    applied.then(batch.outcome.resolve, batch.outcome.reject);
  }

  return {
    add(jobId, change, maxWaitMs = 0, onStored) {
      const batch = waiting.get(jobId) ?? {
        changes: [],
        onStored: [],
        outcome: Promise.withResolvers<T>(),
        isDue: false,
      };
      waiting.set(jobId, batch);
      batch.changes.push(change);
      if (onStored) batch.onStored.push(onStored);
      if (maxWaitMs <= 0 || isFlushing) flush(jobId, batch);
      else if (!batch.isDue) batch.timer ??= setTimeout(() => flush(jobId, batch), maxWaitMs);
      return batch.outcome.promise;
    },
    runExclusive: (jobId, task) => queue.run(jobId, task),
    flushAll() {
      isFlushing = true;
      for (const [jobId, batch] of waiting) flush(jobId, batch);
    },
  };
}
