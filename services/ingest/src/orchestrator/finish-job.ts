import { publishCancel, publishDeadLetter, workSubject } from "@pixelmesh/bus";
import { reasonFromEnum } from "@pixelmesh/errors";
import { abandonedSteps, toWorkItem } from "@pixelmesh/pipeline";
import { type StepRecord, StepState, WorkItem } from "@pixelmesh/proto";
import type { ServiceBase } from "@pixelmesh/service";
import { withSpan } from "@pixelmesh/telemetry";
import type { BlobClient, ResultCache } from "@pixelmesh/worker";
import type { KeepCallback } from "../callbacks/keep-callback.ts";
import type { StatsRecorder } from "../domain/stats-recorder.ts";
import type { StoredJob } from "../stores/job-store.ts";
import type { OpenJobs } from "../stores/open-jobs.ts";
import { toWorkerRole } from "./dispatch.ts";
import { countEnded } from "./job-metrics.ts";
import { runInJobTrace } from "./job-trace.ts";
import type { SingleFlight } from "./single-flight.ts";

/** Dependencies of `finishJob`. */
export type FinishParts = {
  readonly base: ServiceBase;
  readonly flight: Pick<SingleFlight, "releaseClaim">;
  readonly results: ResultCache;
  readonly open: Pick<OpenJobs, "remove">;
  readonly blobs: Pick<BlobClient, "release">;
  readonly stats: Pick<StatsRecorder, "recordEnded">;
  readonly keepCallback: KeepCallback;
};

/**
 * Why a job is finished: it has just ended, the reconciler found its entry in `open`, or its creation was repeated, which may have written
 * that entry again.
 */
export type FinishOccasion = "ended" | "reconciled" | "createdAgain";

/**
 * Does everything that follows from a job's end. Each part is idempotent, and the job's entry in `open` is removed last: after a
 * crash the entry is still there, and the reconciler repeats everything. The replica whose call removed the entry counts and logs the
 * end, so no end is counted twice. Returns the result keys whose waiters must be woken.
 */
export async function finishJob(parts: FinishParts, job: StoredJob, occasion: FinishOccasion): Promise<string[]> {
  const { bus, log } = parts.base;
  const { spec, record } = job;
  const { jobId } = spec;
  await publishPoison(parts, job);
  const keptSteps: string[] = [];
  const keys: string[] = [];
  for (const { step, wasRunning } of abandonedSteps(record)) {
    if (await parts.flight.releaseClaim(spec, step, wasRunning)) keptSteps.push(step.id);
    keys.push(step.resultKey);
  }
  // No worker holds anything for a job whose steps each ran once and succeeded.
  if (occasion !== "ended" || !record.steps.every(hasRunOnce)) publishCancel(bus, jobId, keptSteps);
  // Not awaited: without it, storage may delete the job's blobs from the deadline on.
  parts.blobs.release(jobId).catch((error: unknown) => log.debug({ err: error, jobId }, "blobs not released"));
  // The entry in `open` stays until the callback is stored. The reconciler repeats that.
  if (!(await parts.keepCallback(job))) return keys;
  const isRemoved = await parts.open.remove({ jobId, tenant: spec.tenant });
  if (isRemoved && occasion !== "createdAgain") await announceEnd(parts, job);
  return keys;
}

function hasRunOnce({ state, attempt, starts, cached }: StepRecord): boolean {
  return state === StepState.SUCCEEDED && !cached && attempt <= 1 && starts <= 1;
}

/**
 * For each step that failed with POISON: publishes its work item as a dead letter, in the trace of the call that created the job,
 * and stores the failure for equal steps.
 */
async function publishPoison(
  { base, results }: Pick<FinishParts, "base" | "results">,
  { spec, record }: StoredJob,
): Promise<void> {
  for (const [index, step] of record.steps.entries()) {
    // A step without starts was refused because of an equal poisoned step, which has its own dead letter.
    if (step.state !== StepState.FAILED || step.starts === 0 || !step.error) continue;
    if (reasonFromEnum(step.error.reason) !== "POISON") continue;
    const times = { nowUnixMs: step.finishedUnixMs, keepUntilUnixMs: record.outputsExpireUnixMs };
    const item = toWorkItem(spec, record, index, times);
    await publishDeadLetter(base.bus, {
      subject: workSubject(toWorkerRole(spec.steps[index]?.service ?? ""), item),
      payload: WorkItem.encode(item).finish(),
      reason: "POISON",
      traceparent: spec.traceparent,
      tenant: spec.tenant,
      messageId: `${item.jobId}:${item.stepId}:${item.attempt}`,
    });
    if (step.resultKey !== "") await results.storeFailure(step.resultKey, step.error, step.finishedUnixMs);
  }
}

/** Counts and logs the end of a job. */
async function announceEnd(
  { base: { metrics, log }, stats }: Pick<FinishParts, "base" | "stats">,
  { spec, record }: StoredJob,
): Promise<void> {
  const { jobId } = spec;
  await runInJobTrace(spec, () =>
    withSpan("end job", { attributes: { "pixelmesh.job.id": jobId } }, async (span) => {
      const ended = countEnded(metrics, spec, record);
      stats.recordEnded(spec, record);
      const { pipeline, outcome, reason, ms } = ended;
      span.set({
        "pixelmesh.pipeline": pipeline,
        "pixelmesh.outcome": outcome,
        "pixelmesh.reason": reason === "" ? undefined : reason,
        "pixelmesh.job.duration_ms": ms,
        "pixelmesh.steps": spec.steps.length,
      });
      if (outcome === "failed" || outcome === "timed_out" || outcome === "dead_lettered") span.fail(reason);
      log.info({ jobId, ...ended }, "job ended");
    }),
  );
}
