import type { ServiceBase } from "@pixelmesh/service";
import type { BatchRun } from "./batch-run.ts";
import type { BatchKey, BatchStore } from "./batch-store.ts";

/** Writes the progress records of runs. */
export type RunWriter = {
  /** Writes each run that has changed, at most twice a second, and at once when no job is left. */
  writeDue(runs: Iterable<BatchRun>): Promise<void>;
};

/** Dependencies of `createRunWriter`. */
export type RunWriterParts = {
  readonly base: Pick<ServiceBase, "log">;
  readonly batches: Pick<BatchStore, "updateProgress" | "removeOpen">;
  /** Called once the end of a batch is stored. */
  readonly onFinished: (run: BatchRun, isCancelled: boolean) => Promise<void>;
  /** Another writer was first: the run must be loaded again. */
  readonly onLost: (key: BatchKey) => Promise<void>;
};

const joinMs = 500;
/** Added for each thousand ends in the record, which is written as a whole. */
const joinMsPerThousand = 50;

/** Creates a writer. Ends that come within half a second are written together, within a second for a batch of 10,000. */
export function createRunWriter({ base, batches, onFinished, onLost }: RunWriterParts): RunWriter {
  const writtenMs = new WeakMap<BatchRun, number>();

  async function write(run: BatchRun): Promise<void> {
    const key = { batchId: run.spec.batchId, tenant: run.spec.tenant };
    const announcement = run.announcement();
    const progress = run.toProgress(Date.now());
    writtenMs.set(run, performance.now() + (progress.ended.length / 1000) * joinMsPerThousand);
    const revision = await batches.updateProgress(key.batchId, progress, run.revision());
    if (revision === undefined) return onLost(key);
    run.written(progress, revision);
    if (!run.isFinished()) return;
    await batches.removeOpen(key, announcement);
    await onFinished(run, progress.cancelled);
  }

  return {
    async writeDue(runs) {
      for (const run of [...runs]) {
        const isDue = performance.now() - (writtenMs.get(run) ?? Number.NEGATIVE_INFINITY) >= joinMs;
        if (!run.isDirty() || !(isDue || run.isOver())) continue;
        await write(run).catch((error: unknown) => {
          base.log.debug({ err: error, batchId: run.spec.batchId }, "progress of a batch not written; it is retried");
        });
      }
    },
  };
}
