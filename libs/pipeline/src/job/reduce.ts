import { type Reason, reasonToEnum } from "@pixelmesh/errors";
import {
  type JobError,
  type JobEvent,
  type JobRecord,
  type JobSpec,
  JobState,
  type StepRecord,
  type StepResult,
  StepState,
} from "@pixelmesh/proto";
import { isJobEnded, isStepEnded, promoteSteps } from "./job-record.ts";
import { type EventOrigin, isStale, withFailure, withRefusal, withResult, withStart } from "./reduce-step.ts";
import { resultCovers, trimResult, wantedOf } from "./result-coverage.ts";

/** How a result was found in the cache: whether it was made while the step waited, and the slowest tier of its blobs (empty: unknown). */
export type CacheUse = { readonly coalesced?: boolean; readonly tier?: string };

/** A change of a job. */
export type JobChange =
  /** A job event that a worker, or another replica, has published. */
  | { readonly $case: "event"; readonly event: JobEvent }
  /** A result was found under the step's result key. It must cover what the job wants. */
  | ({
      readonly $case: "cached";
      readonly stepId: string;
      readonly result: StepResult;
      readonly key: string;
    } & CacheUse)
  /** An equal step failed for a reason that this step shares. */
  | { readonly $case: "refused"; readonly stepId: string; readonly error: JobError; readonly key: string }
  /** The attempt is lost: its work item is gone, and the log has no event that ends it. */
  | { readonly $case: "lost"; readonly stepId: string; readonly attempt: number }
  /** Its owner cancels the job. */
  | { readonly $case: "cancel" }
  /** Fails the job once its deadline has passed; changes nothing before. */
  | { readonly $case: "deadline" };

/**
 * The job record after a change; the same object where the change has no effect, so that it need not be written. Job events are
 * idempotent and commutative: a repeated event, one of an earlier attempt and one about an ended step or job have no effect, and the
 * order of arrival does not matter. A terminal job never changes. Times come from the events; a change without a time gets `nowUnixMs`.
 */
export function reduceJob(spec: JobSpec, record: JobRecord, change: JobChange, nowUnixMs: number): JobRecord {
  if (isJobEnded(record.state)) return record;
  switch (change.$case) {
    case "event":
      return applyEvent(spec, record, change.event, nowUnixMs);
    case "cached":
      return applyCached(spec, record, change, nowUnixMs);
    case "refused": {
      const step = record.steps.find(({ id }) => id === change.stepId);
      if (step?.state !== StepState.READY || change.key === "" || change.key !== step.resultKey) return record;
      const origin = { attempt: step.attempt, atUnixMs: nowUnixMs, worker: "" };
      return replaceStep(spec, record, step, withRefusal(step, change.error, origin));
    }
    case "lost": {
      const step = record.steps.find(({ id }) => id === change.stepId);
      if (step?.state !== StepState.RUNNING || step.attempt !== change.attempt) return record;
      const error = jobError("SERVICE_UNAVAILABLE", "The worker that ran the step is gone");
      const origin = { attempt: step.attempt, atUnixMs: nowUnixMs, worker: step.worker };
      return replaceStep(spec, record, step, withFailure(step, error, origin));
    }
    case "cancel":
      return endJob(record, JobState.CANCELLED, nowUnixMs, jobError("CANCELLED", "The job was cancelled"));
    case "deadline":
      if (record.deadlineUnixMs === 0 || nowUnixMs < record.deadlineUnixMs) return record;
      return endJob(
        record,
        JobState.FAILED,
        nowUnixMs,
        jobError("DEADLINE_EXCEEDED", "The deadline passed before the job was done"),
      );
  }
}

function applyEvent(spec: JobSpec, record: JobRecord, event: JobEvent, nowUnixMs: number): JobRecord {
  if (event.jobId !== record.jobId || event.event === undefined) return record;
  const atUnixMs = event.atUnixMs || nowUnixMs;
  const happened = event.event;
  const step = record.steps.find(({ id }) => id === event.stepId);
  if (step === undefined || isStale(step, event.attempt)) return record;
  const origin = { attempt: event.attempt, atUnixMs, worker: event.worker };
  switch (happened.$case) {
    case "started":
      return replaceStep(spec, record, step, withStart(step, origin));
    case "failed":
      return replaceStep(spec, record, step, withFailure(step, happened.value.error, origin));
    case "completed":
      return replaceStep(spec, record, step, withCompletion(spec, record, step, happened.value.result, origin));
    case "finished":
      // Not published any more.
      return record;
  }
}

function withCompletion(
  spec: JobSpec,
  record: JobRecord,
  step: StepRecord,
  result: StepResult | undefined,
  origin: EventOrigin,
): StepRecord {
  const wanted = wantedOf(spec, step.id);
  if (result === undefined || !resultCovers(result, wanted)) {
    // Accepting it would block the steps that take this step's picture.
    return withFailure(step, jobError("INTERNAL", "The worker's result lacks a picture that was asked for"), origin);
  }
  if (!isAllowed(spec, result)) {
    return withFailure(step, jobError("RESULT_INVALID", "The worker degraded a result that must not be"), origin);
  }
  const maker = result.provenance?.jobId ?? "";
  return withResult(step, trimResult(result, wanted), { ...origin, cached: maker !== "" && maker !== record.jobId });
}

function applyCached(
  spec: JobSpec,
  record: JobRecord,
  { stepId, result, key, coalesced = false, tier = "" }: Extract<JobChange, { $case: "cached" }>,
  atUnixMs: number,
): JobRecord {
  const step = record.steps.find(({ id }) => id === stepId);
  const wanted = wantedOf(spec, stepId);
  if (step === undefined || isStepEnded(step.state) || key === "" || key !== step.resultKey) return record;
  if (!resultCovers(result, wanted) || !isAllowed(spec, result)) return record;
  const { attempt } = step;
  const own = result.provenance;
  // The step's own run may be found in the cache before the event of its completion arrives.
  if (own?.jobId === record.jobId && own.stepId === stepId)
    return replaceStep(
      spec,
      record,
      step,
      withResult(step, trimResult(result, wanted), { attempt, atUnixMs, worker: own.worker, cached: false }),
    );
  const made = withResult(step, trimResult(result, wanted), { attempt, atUnixMs, worker: "", cached: true });
  return replaceStep(spec, record, step, { ...made, coalesced, cacheTier: tier });
}

// The last check of promise 3: no degraded result enters the record of a job that does not allow degradation.
function isAllowed(spec: JobSpec, { adaptations }: StepResult): boolean {
  return spec.allowDegraded || adaptations.length === 0;
}

function replaceStep(spec: JobSpec, record: JobRecord, before: StepRecord, after: StepRecord): JobRecord {
  if (after === before) return record;
  const steps = promoteSteps(
    spec,
    record.steps.map((step) => (step === before ? after : step)),
  );
  const next = { ...record, steps };
  if (after.state === StepState.FAILED) return endJob(next, JobState.FAILED, after.finishedUnixMs, after.error);
  if (!steps.every((step) => step.state === StepState.SUCCEEDED)) return next;
  return endJob(next, JobState.SUCCEEDED, Math.max(...steps.map((step) => step.finishedUnixMs)), undefined);
}

function endJob(record: JobRecord, state: JobState, atUnixMs: number, error: JobError | undefined): JobRecord {
  const steps = record.steps.map((step) =>
    isStepEnded(step.state) ? step : { ...step, state: StepState.CANCELLED, finishedUnixMs: atUnixMs },
  );
  return { ...record, state, finishedUnixMs: atUnixMs, steps, error };
}

function jobError(reason: Reason, message: string): JobError {
  return { reason: reasonToEnum(reason), message, stepId: "" };
}
