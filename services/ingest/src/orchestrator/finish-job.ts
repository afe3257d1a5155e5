import { hasFinishedEvent, publishCancel, publishDeadLetter, publishFinished, workSubject } from "@pixelmesh/bus";
import { reasonFromEnum } from "@pixelmesh/errors";
import { abandonedSteps, toWorkItem } from "@pixelmesh/pipeline";
import { JobEvent, type StepRecord, StepState, WorkItem } from "@pixelmesh/proto";
import type { ServiceBase } from "@pixelmesh/service";
import { withSpan } from "@pixelmesh/telemetry";
import type { BlobClient, Results } from "@pixelmesh/worker";
import type { StatsBook } from "../domain/stats-book.ts";
import type { StoredJob } from "../stores/job-store.ts";
import type { OpenJobs } from "../stores/open-jobs.ts";
import { toWorkerRole } from "./dispatch.ts";
import { countEnded } from "./job-metrics.ts";
import { inTraceOf } from "./job-trace.ts";
import type { SingleFlight } from "./single-flight.ts";

/** What ending a job needs. */
export type FinishParts = {
  readonly base: ServiceBase;
  readonly flight: SingleFlight;
  readonly results: Results;
  readonly open: OpenJobs;
  readonly blobs: Pick<BlobClient, "release">;
  readonly stats: StatsBook;
};

/**
 * Everything that follows from a job's end, each part safe to repeat, the entry in `open` last: whoever dies on the way
 * leaves it there, and the reconciler does it all again. Answers the result keys whose waiters are to be woken.
 */
export async function finishJob(parts: FinishParts, job: StoredJob, isMending: boolean): Promise<string[]> {
  const { bus } = parts.base;
  const { spec, record } = job;
  const { jobId } = spec;
  await buryPoison(parts, job);
  const kept: string[] = [];
  const keys: string[] = [];
  for (const { step, wasRunning } of abandonedSteps(record)) {
    if (await parts.flight.giveUp(spec, step, wasRunning)) kept.push(step.id);
    keys.push(step.resultKey);
  }
  // Nobody has anything to let go of where each step was run once and succeeded.
  if (isMending || !record.steps.every(isRunOnce)) publishCancel(bus, jobId, kept);
  await announce(parts, job, isMending);
  // Not waited for: where storage does not hear of it, what the job needed may give way from its deadline on.
  parts.blobs
    .release(jobId)
    .catch((error: unknown) => parts.base.log.debug({ err: error, jobId }, "blobs not released"));
  await parts.open.leave({ jobId, tenant: spec.tenant });
  return keys;
}

function isRunOnce({ state, attempt, starts, cached }: StepRecord): boolean {
  return state === StepState.SUCCEEDED && !cached && attempt <= 1 && starts <= 1;
}

/** A poisoned step: its message as a dead letter with the trace of the call that made the job, and a failure for its equals. */
async function buryPoison({ base, results }: FinishParts, { spec, record }: StoredJob): Promise<void> {
  for (const [index, step] of record.steps.entries()) {
    // Without starts of its own it was refused for the poison of an equal step, which has its dead letter.
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
    if (step.resultKey !== "") await results.refuse(step.resultKey, step.error, step.finishedUnixMs);
  }
}

async function announce(
  { base: { bus, worker, metrics, log }, stats }: FinishParts,
  { spec, record, revision }: StoredJob,
  isMending: boolean,
): Promise<void> {
  const { jobId } = spec;
  if (isMending && (await hasFinishedEvent(bus, jobId))) return;
  const event = { $case: "finished", value: { state: record.state, revision } } as const;
  const fact = JobEvent.fromPartial({ jobId, worker, atUnixMs: record.finishedUnixMs, event });
  await inTraceOf(spec, () =>
    withSpan("end job", { attributes: { "pixelmesh.job.id": jobId } }, async (span) => {
      // Another replica may have published it meanwhile; the job is counted by the one whose event was stored.
      if (!(await publishFinished(bus, fact))) return;
      const ended = countEnded(metrics, spec, record);
      stats.noteEnded(spec, record);
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
