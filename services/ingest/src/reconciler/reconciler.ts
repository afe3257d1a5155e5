import { setTimeout as sleep } from "node:timers/promises";
import { type LeaseBid, removeOrphans } from "@pixelmesh/bus";
import { nextCheckUnixMs } from "@pixelmesh/pipeline";
import type { ServiceBase } from "@pixelmesh/service";
import type { OpenJob, OpenJobs } from "../stores/open-jobs.ts";
import { clearBacklog, exportBacklog } from "./export-backlog.ts";
import { type ReconcileParts, reconcileJob } from "./reconcile-job.ts";

/** Dependencies of `startReconciler`. */
export type ReconcilerParts = ReconcileParts & {
  readonly base: ServiceBase;
  readonly open: OpenJobs;
  readonly reconcileAfterMs: number;
  readonly lease: Pick<LeaseBid, "isHeld">;
};

const sweepEveryMs = 1_000;
/** Pause between sweeps while there is no job and this replica adds none: each costs the broker a list of the bucket. */
const sweepAtRestEveryMs = 3_000;
/** Least pause between two exports of the backlog while there is no job: each costs the broker a request for each queue. */
const exportAtRestEveryMs = 5_000;
const orphansEveryMs = 30_000;
const maxOrphans = 5_000;
const concurrency = 8;

/**
 * Reconciles every open job when it is due: first at the time in its entry, then every `reconcileAfterMs`, and at its deadline. Runs
 * on the replica that holds the lease; two replicas may run it at once for a moment, which is harmless. Finds jobs in the bucket
 * `open` only. Also deletes orphaned messages every 30 s.
 */
export function startReconciler(parts: ReconcilerParts): { close(): Promise<void> } {
  const { base, open, reconcileAfterMs, lease } = parts;
  const { bus, log, metrics } = base;
  const stopping = new AbortController();
  const dueUnixMs = new Map<string, number>();
  let hadJobs = true;
  let sweptMs = Number.NEGATIVE_INFINITY;
  let exportedMs = Number.NEGATIVE_INFINITY;
  let orphansDueMs = performance.now() + Math.min(orphansEveryMs, reconcileAfterMs);

  function isAtRest(): boolean {
    return !hadJobs && open.addedMs() < sweptMs && performance.now() - sweptMs < sweepAtRestEveryMs;
  }

  async function sweep(): Promise<void> {
    const startMs = performance.now();
    const jobs = await open.list();
    sweptMs = startMs;
    const listed = new Set(jobs.map(({ jobId }) => jobId));
    for (const jobId of dueUnixMs.keys()) if (!listed.has(jobId)) dueUnixMs.delete(jobId);
    const remaining = jobs[Symbol.iterator]();
    const tasks = Array.from({ length: concurrency }, async () => {
      for (const job of remaining) {
        if (stopping.signal.aborted || !lease.isHeld()) return;
        await reconcileIfDue(job).catch((error: unknown) => {
          log.warn({ err: error, jobId: job.jobId }, "job not reconciled; it is retried");
        });
      }
    });
    await Promise.all(tasks);
    const nowMs = performance.now();
    if (jobs.length === 0 && !hadJobs && nowMs - exportedMs < exportAtRestEveryMs) return;
    hadJobs = jobs.length > 0;
    exportedMs = nowMs;
    // A failed export is repeated in a later sweep. It must not delay the removal of orphans.
    await exportBacklog(base, jobs).catch((error: unknown) => log.debug({ err: error }, "backlog not counted"));
  }

  async function reconcileIfDue(job: OpenJob): Promise<void> {
    const due = dueUnixMs.get(job.jobId) ?? (await open.read(job))?.dueUnixMs;
    if (due === undefined) return;
    dueUnixMs.set(job.jobId, due);
    const nowUnixMs = Date.now();
    if (nowUnixMs < due) return;
    // A failed attempt is repeated after this time.
    dueUnixMs.set(job.jobId, nowUnixMs + reconcileAfterMs);
    const deadlineUnixMs = await reconcileJob(parts, job);
    if (deadlineUnixMs === undefined) dueUnixMs.delete(job.jobId);
    else dueUnixMs.set(job.jobId, nextCheckUnixMs(deadlineUnixMs, nowUnixMs, reconcileAfterMs));
  }

  async function removeOrphansIfDue(): Promise<void> {
    if (performance.now() < orphansDueMs) return;
    orphansDueMs = performance.now() + orphansEveryMs;
    const removed = await removeOrphans(bus, maxOrphans);
    if (removed > 0) log.warn({ removed }, "deleted acknowledged messages that a crash had brought back");
    for (let at = 0; at < removed; at++) metrics.count("pixelmesh_reconciled_total", { what: "orphan" });
  }

  const sweeping = (async () => {
    while (!stopping.signal.aborted) {
      try {
        if (lease.isHeld()) {
          if (!isAtRest()) await sweep();
          await removeOrphansIfDue();
        } else {
          dueUnixMs.clear();
          clearBacklog(base);
        }
      } catch (error) {
        log.debug({ err: error }, "sweep failed; it is retried");
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
