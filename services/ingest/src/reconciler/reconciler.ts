import { setTimeout as sleep } from "node:timers/promises";
import { type LeaseBid, removeOrphans } from "@pixelmesh/bus";
import { isJobEnded, nextLookUnixMs } from "@pixelmesh/pipeline";
import type { ServiceBase } from "@pixelmesh/service";
import type { Orchestrator } from "../orchestrator/orchestrator.ts";
import type { JobStore, StoredJob } from "../stores/job-store.ts";
import type { OpenJob, OpenJobs } from "../stores/open-jobs.ts";
import { clearBacklog, exportBacklog } from "./export-backlog.ts";

/** What the reconciler works with. */
export type ReconcilerParts = {
  readonly base: ServiceBase;
  readonly store: JobStore;
  readonly open: OpenJobs;
  readonly orchestrator: Orchestrator;
  readonly reconcileAfterMs: number;
  readonly lease: LeaseBid;
};

const sweepEveryMs = 1_000;
const orphansEveryMs = 30_000;
const maxOrphans = 5_000;
const lookConcurrency = 8;
const lookAgainMs = 200;

/**
 * Looks at every open job when it is due: first as its entry says, then every `reconcileAfterMs`, and at its deadline. One
 * replica does, the one that holds the lease; that two might for a moment harms nothing. Only the bucket `open` is read.
 */
export function startReconciler(parts: ReconcilerParts): { close(): Promise<void> } {
  const { base, open, reconcileAfterMs, lease } = parts;
  const { bus, log, metrics } = base;
  const stopping = new AbortController();
  const dueUnixMs = new Map<string, number>();
  let orphansDueMs = performance.now() + Math.min(orphansEveryMs, reconcileAfterMs);

  async function sweep(): Promise<void> {
    const jobs = await open.list();
    const listed = new Set(jobs.map(({ jobId }) => jobId));
    for (const jobId of dueUnixMs.keys()) if (!listed.has(jobId)) dueUnixMs.delete(jobId);
    const left = jobs[Symbol.iterator]();
    const lookers = Array.from({ length: lookConcurrency }, async () => {
      for (const job of left) {
        if (stopping.signal.aborted || !lease.isHeld()) return;
        await visit(job).catch((error: unknown) => {
          log.warn({ err: error, jobId: job.jobId }, "job not reconciled; tried again");
        });
      }
    });
    await Promise.all(lookers);
    // What cannot be counted now is counted next time; the orphans below do not wait for it.
    await exportBacklog(base, jobs).catch((error: unknown) => log.debug({ err: error }, "backlog not counted"));
  }

  async function visit(job: OpenJob): Promise<void> {
    const due = dueUnixMs.get(job.jobId) ?? (await open.read(job))?.dueUnixMs;
    if (due === undefined) return;
    dueUnixMs.set(job.jobId, due);
    const nowUnixMs = Date.now();
    if (nowUnixMs < due) return;
    dueUnixMs.set(job.jobId, nowUnixMs + reconcileAfterMs);
    const deadlineUnixMs = await reconcileOpenJob(parts, job);
    if (deadlineUnixMs === undefined) dueUnixMs.delete(job.jobId);
    else dueUnixMs.set(job.jobId, nextLookUnixMs(deadlineUnixMs, nowUnixMs, reconcileAfterMs));
  }

  const sweeping = (async () => {
    while (!stopping.signal.aborted) {
      try {
        if (lease.isHeld()) {
          await sweep();
          if (performance.now() >= orphansDueMs) {
            orphansDueMs = performance.now() + orphansEveryMs;
            const removed = await removeOrphans(bus, maxOrphans);
            if (removed > 0) log.warn({ removed }, "acknowledged messages that a crash had left were deleted");
            for (let at = 0; at < removed; at++) metrics.count("pixelmesh_reconciled_total", { what: "orphan" });
          }
        } else {
          dueUnixMs.clear();
          clearBacklog(base);
        }
      } catch (error) {
        log.debug({ err: error }, "sweep failed; tried again");
      }
      await sleep(sweepEveryMs, undefined, { signal: stopping.signal }).catch(() => {});
    }
  })();

  return {
    async close() {
      stopping.abort();
      await sweeping;
    },
  };
}

/** A record that the broker does not find for a moment (see `sequenceOf` of the bus) must not end its job. */
async function findAgain(store: JobStore, jobId: string): Promise<StoredJob | undefined> {
  await sleep(lookAgainMs);
  return store.find(jobId);
}

/** Brings one open job to where it should be; answers its deadline, or undefined when it is open no more. */
async function reconcileOpenJob(
  { base, store, open, orchestrator }: ReconcilerParts,
  job: OpenJob,
): Promise<number | undefined> {
  const { metrics, log } = base;
  // Read before the record: a creator that comes late makes its entry newer, and a newer one is not removed.
  const entry = await open.read(job);
  if (!entry) return undefined;
  const found = (await store.find(job.jobId)) ?? (await findAgain(store, job.jobId));
  if (found) {
    if (isJobEnded(found.record.state)) metrics.count("pixelmesh_reconciled_total", { what: "ended_job" });
    const after = await orchestrator.reconcile(job.jobId);
    return after && !isJobEnded(after.record.state) ? after.record.deadlineUnixMs : undefined;
  }
  const spec = await store.findSpec(job.jobId, job.tenant);
  metrics.count("pixelmesh_reconciled_total", { what: spec ? "half_created_job" : "empty_entry" });
  if (spec) {
    log.info({ jobId: job.jobId }, "creation of a job completed");
    return (await orchestrator.start(spec)).record.deadlineUnixMs;
  }
  await open.leave(job, entry.revision);
  return undefined;
}
