import type { JobChange } from "@pixelmesh/pipeline";
import type { StoredJob } from "../stores/job-store.ts";
import { type DispatchContext, type DispatchParts, dispatchReady } from "./dispatch.ts";
import { type FinishParts, finishJob } from "./finish-job.ts";
import { logCachedSteps } from "./log-cached-steps.ts";
import type { RecordWriter } from "./record-writer.ts";

/** Dependencies of `advanceJob`. */
export type AdvanceParts = DispatchParts & FinishParts & { readonly writer: RecordWriter };

/** The outcome of an advance. */
export type AdvancedJob = {
  /** Undefined if there is no such job. */
  readonly job?: StoredJob;
  /** Result keys whose waiters must be woken. Wake them only when no job is locked, because they lock their own jobs. */
  readonly keysToWake: readonly string[];
};

/**
 * Writes the changes and calls `onStored`, dispatches READY steps and takes stored results until nothing more can be done now. Finishes
 * the job if a change ended it. The reconciler repeats all that follows the first write.
 */
export async function advanceJob(
  parts: AdvanceParts,
  before: StoredJob,
  changes: readonly JobChange[],
  context: DispatchContext,
  onStored: () => void = () => {},
): Promise<AdvancedJob> {
  let { job, hasEnded } = await parts.writer.write(before, changes);
  onStored();
  for (;;) {
    const answers = await dispatchReady(parts, job, context);
    if (answers.length === 0) break;
    const next = await parts.writer.write(job, answers);
    hasEnded ||= next.hasEnded;
    if (next.job === job) break;
    job = next.job;
    logCachedSteps(parts.base.log, job, answers);
  }
  return { job, keysToWake: hasEnded ? await finishJob(parts, job, "ended") : [] };
}
