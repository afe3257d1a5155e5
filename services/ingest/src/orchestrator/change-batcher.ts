import type { JobChange } from "@pixelmesh/pipeline";
import { createSerial } from "./keyed-queue.ts";

/** Collects the changes of each job, so that those that come together are written together. */
export type Fold<T> = {
  /** Applies a change with all others of its job that are waiting; may first wait up to `patienceMs` for others. */
  add(jobId: string, change: JobChange | undefined, patienceMs?: number): Promise<T>;
  /** Runs a task while no change of the job is being applied. */
  alone(jobId: string, task: () => Promise<T>): Promise<T>;
  /** Lets nothing wait any more. */
  hurry(): void;
};

type Batch<T> = {
  readonly changes: JobChange[];
  readonly outcome: PromiseWithResolvers<T>;
  timer?: NodeJS.Timeout;
  isDue: boolean;
};

/** `apply` gets the changes in the order in which they came; it never runs twice at once for one job. */
export function createFold<T>(apply: (jobId: string, changes: readonly JobChange[]) => Promise<T>): Fold<T> {
  const serial = createSerial();
  const waiting = new Map<string, Batch<T>>();
  let hurried = false;

  function flush(jobId: string, batch: Batch<T>): void {
    clearTimeout(batch.timer);
    if (batch.isDue) return;
    batch.isDue = true;
    const applied = serial.run(jobId, () => {
      // Until its turn comes the batch takes in more.
      waiting.delete(jobId);
      return apply(jobId, batch.changes);
    });
    applied.then(batch.outcome.resolve, batch.outcome.reject);
  }

  return {
    add(jobId, change, patienceMs = 0) {
      const batch = waiting.get(jobId) ?? { changes: [], outcome: Promise.withResolvers<T>(), isDue: false };
      waiting.set(jobId, batch);
      if (change) batch.changes.push(change);
      if (patienceMs <= 0 || hurried) flush(jobId, batch);
      else if (!batch.isDue) batch.timer ??= setTimeout(() => flush(jobId, batch), patienceMs);
      return batch.outcome.promise;
    },
    alone: (jobId, task) => serial.run(jobId, task),
    hurry() {
      hurried = true;
      for (const [jobId, batch] of waiting) flush(jobId, batch);
    },
  };
}
