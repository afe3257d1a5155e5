import { setTimeout as sleep } from "node:timers/promises";
import { isJobEnded } from "@pixelmesh/pipeline";
import type { ServiceBase } from "@pixelmesh/service";
import type { Orchestrator } from "../orchestrator/orchestrator.ts";
import type { JobStore, StoredJob } from "../stores/job-store.ts";
import type { OpenJob, OpenJobs } from "../stores/open-jobs.ts";

/** Dependencies of `reconcileJob`. */
export type ReconcileParts = {
  readonly base: Pick<ServiceBase, "metrics" | "log">;
  readonly store: Pick<JobStore, "find" | "findSpec">;
  readonly open: Pick<OpenJobs, "read" | "remove">;
  readonly orchestrator: Pick<Orchestrator, "start" | "reconcile">;
};

const findAgainAfterMs = 200;

/**
 * Repeats what one open job has lost: completes an interrupted creation or end, and removes an entry without a job. Returns the
 * job's deadline in Unix milliseconds, or undefined when the job is no longer open.
 */
export async function reconcileJob(
  { base: { metrics, log }, store, open, orchestrator }: ReconcileParts,
  job: OpenJob,
): Promise<number | undefined> {
  // Read the entry before the record: a creator that is late renews its entry, and `remove` keeps a newer entry.
  const entry = await open.read(job);
  if (!entry) return undefined;
  const found = await findTwice(store, job.jobId);
  if (found) {
    if (isJobEnded(found.record.state)) metrics.count("pixelmesh_reconciled_total", { what: "ended_job" });
    const after = await orchestrator.reconcile(job.jobId);
    return after && !isJobEnded(after.record.state) ? after.record.deadlineUnixMs : undefined;
  }
  const spec = await store.findSpec(job.jobId, job.tenant);
  metrics.count("pixelmesh_reconciled_total", { what: spec ? "half_created_job" : "empty_entry" });
  if (spec) {
    log.info({ jobId: job.jobId }, "creation of a job completed");
    return (await orchestrator.start(spec))?.record.deadlineUnixMs;
  }
  await open.remove(job, entry.revision);
  return undefined;
}

/** The broker may briefly not find a record that exists (see `sequenceOf` of the bus). That must not end the record's job. */
async function findTwice(store: Pick<JobStore, "find">, jobId: string): Promise<StoredJob | undefined> {
  const found = await store.find(jobId);
  if (found) return found;
  await sleep(findAgainAfterMs);
  return store.find(jobId);
}
