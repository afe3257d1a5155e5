import { createRecord, nextCheckUnixMs } from "@pixelmesh/pipeline";
import type { JobSpec } from "@pixelmesh/proto";
import type { JobStore, StoredJob } from "../stores/job-store.ts";
import type { OpenJobs } from "../stores/open-jobs.ts";

/** Dependencies of `storeNewJob`. */
export type NewJobParts = {
  readonly store: Pick<JobStore, "create" | "find">;
  readonly open: Pick<OpenJobs, "add" | "remove">;
  readonly reconcileAfterMs: number;
  readonly outputLifeMs: number;
};

/**
 * Lists a job in `open`, then stores its specification and record. Returns the stored job if it exists already; undefined if another job
 * has the request id.
 */
export async function storeNewJob(
  { store, open, reconcileAfterMs, outputLifeMs }: NewJobParts,
  spec: JobSpec,
): Promise<StoredJob | undefined> {
  const startedMs = performance.now();
  const dueUnixMs = nextCheckUnixMs(spec.deadlineUnixMs, Date.now(), reconcileAfterMs);
  await open.add(spec, dueUnixMs);
  const job = await store.create(spec, createRecord(spec, outputLifeMs));
  if (!job) {
    await open.remove(spec);
    return undefined;
  }
  if (performance.now() - startedMs <= reconcileAfterMs / 2) return job;
  // After a long pause the reconciler may have removed the entry, because it found no job for it.
  await open.add(spec, dueUnixMs);
  // The job may have ended meanwhile. Then the caller removes this entry without counting the end again.
  return (await store.find(spec.jobId)) ?? job;
}
