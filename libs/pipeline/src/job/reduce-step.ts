import { isRetryable, reasonFromEnum, reasonToEnum } from "@pixelmesh/errors";
import { type JobError, JobError as JobErrors, type StepRecord, type StepResult, StepState } from "@pixelmesh/proto";
import { MAX_ATTEMPTS, MAX_STARTS } from "../values/limits.ts";
import { isStepEnded } from "./job-record.ts";

/** What a fact about a step says of when, where and of which attempt it is. */
export type FactOrigin = { readonly attempt: number; readonly atUnixMs: number; readonly worker: string };

/** Whether a fact says nothing: the step is over or has moved on to a later attempt, or there can be no such attempt. */
export function isStale(step: StepRecord, attempt: number): boolean {
  return isStepEnded(step.state) || attempt < step.attempt || attempt > MAX_ATTEMPTS;
}

/**
 * A step after a worker took it. Starts of one attempt are told apart by their times: one not newer than the newest known
 * is a repeat and counts for nothing. MAX_STARTS of them without an end fail the step as POISON.
 */
export function withStart(step: StepRecord, { attempt, atUnixMs, worker }: FactOrigin): StepRecord {
  const isSameAttempt = attempt === step.attempt;
  if (isSameAttempt && step.starts > 0 && atUnixMs <= step.startedUnixMs) return step;
  const starts = (isSameAttempt ? step.starts : 0) + 1;
  const started = { ...step, attempt, starts, startedUnixMs: atUnixMs, retryUnixMs: 0, worker, error: undefined };
  if (starts < MAX_STARTS) return { ...started, state: StepState.RUNNING };
  const message = `Step ${step.id} was started ${starts} times and never ended`;
  return withFailure(started, JobErrors.create({ reason: reasonToEnum("POISON"), message }), {
    attempt,
    atUnixMs,
    worker,
  });
}

/** A step after its result was stored. Its time of start follows from the run time that the result states. */
export function withResult(step: StepRecord, result: StepResult, origin: FactOrigin & { cached: boolean }): StepRecord {
  const runMs = origin.cached ? 0 : (result.provenance?.runMs ?? 0);
  return {
    ...step,
    state: StepState.SUCCEEDED,
    attempt: origin.attempt,
    starts: 0,
    retryUnixMs: 0,
    startedUnixMs: Math.max(0, origin.atUnixMs - runMs),
    finishedUnixMs: origin.atUnixMs,
    cached: origin.cached,
    result,
    error: undefined,
    worker: origin.cached ? "" : origin.worker,
  };
}

/** A step after an attempt failed: waiting for its next attempt where that may help, else FAILED for good. */
export function withFailure(step: StepRecord, error: JobError | undefined, origin: FactOrigin): StepRecord {
  const { attempt } = origin;
  const reason = reasonFromEnum(error?.reason ?? reasonToEnum("INTERNAL"));
  const kept = { reason: reasonToEnum(reason), message: error?.message ?? "", stepId: step.id };
  if (isRetryable(reason) && attempt < MAX_ATTEMPTS) {
    // PENDING, not READY: only a look at the inputs makes a step READY.
    const next = { attempt: attempt + 1, starts: 0, startedUnixMs: 0, retryUnixMs: origin.atUnixMs, worker: "" };
    return { ...step, ...next, state: StepState.PENDING, error: kept };
  }
  return withEnd(step, kept, origin);
}

/** A step that failed without being tried: for good, whatever the reason. */
export function withRefusal(step: StepRecord, error: JobError, origin: FactOrigin): StepRecord {
  return withEnd(step, { ...error, stepId: step.id }, origin);
}

function withEnd(step: StepRecord, error: JobError, { attempt, atUnixMs, worker }: FactOrigin): StepRecord {
  return { ...step, attempt, worker, state: StepState.FAILED, retryUnixMs: 0, finishedUnixMs: atUnixMs, error };
}
