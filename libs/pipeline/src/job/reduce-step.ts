import { isRetryable, reasonFromEnum, reasonToEnum } from "@pixelmesh/errors";
import { type JobError, JobError as JobErrors, type StepRecord, type StepResult, StepState } from "@pixelmesh/proto";
import { MAX_ATTEMPTS, MAX_STARTS } from "../values/limits.ts";
import { isStepEnded } from "./job-record.ts";

/** Attempt, time and worker of a job event about a step. */
export type EventOrigin = { readonly attempt: number; readonly atUnixMs: number; readonly worker: string };

/** Whether an event has no effect: the step has ended or runs a later attempt, or the attempt is above MAX_ATTEMPTS. */
export function isStale(step: StepRecord, attempt: number): boolean {
  return isStepEnded(step.state) || attempt < step.attempt || attempt > MAX_ATTEMPTS;
}

/**
 * A step after a worker has started it. Starts of one attempt differ by their times: a start that is not newer than the newest known
 * one is a repetition and has no effect. MAX_STARTS starts without an end fail the step with POISON.
 */
export function withStart(step: StepRecord, { attempt, atUnixMs, worker }: EventOrigin): StepRecord {
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

/**
 * A step after its result was stored. Its start time follows from the run time in the result. The result of a cached step says what it saved: the run
 * time.
 */
export function withResult(
  step: StepRecord,
  result: StepResult,
  origin: EventOrigin & { cached: boolean },
): StepRecord {
  const runMs = origin.cached ? 0 : runMsOf(result);
  return {
    ...step,
    state: StepState.SUCCEEDED,
    attempt: origin.attempt,
    starts: 0,
    retryUnixMs: 0,
    startedUnixMs: Math.max(0, origin.atUnixMs - runMs),
    finishedUnixMs: origin.atUnixMs,
    cached: origin.cached,
    result: {
      ...result,
      provenance: result.provenance && { ...result.provenance, savedMs: origin.cached ? runMsOf(result) : 0 },
    },
    error: undefined,
    worker: origin.cached ? "" : origin.worker,
  };
}

const runMsOf = ({ provenance }: StepResult) => provenance?.runMs ?? 0;

/** A step after an attempt failed: PENDING for its next attempt if the reason is retryable and attempts are left, else FAILED. */
export function withFailure(step: StepRecord, error: JobError | undefined, origin: EventOrigin): StepRecord {
  const { attempt } = origin;
  const reason = reasonFromEnum(error?.reason ?? reasonToEnum("INTERNAL"));
  const kept = { reason: reasonToEnum(reason), message: error?.message ?? "", stepId: step.id };
  if (isRetryable(reason) && attempt < MAX_ATTEMPTS) {
    // PENDING, not READY: promoteSteps alone makes a step READY.
    const next = { attempt: attempt + 1, starts: 0, startedUnixMs: 0, retryUnixMs: origin.atUnixMs, worker: "" };
    return { ...step, ...next, state: StepState.PENDING, error: kept };
  }
  return withEnd(step, kept, origin);
}

/** A step that is FAILED without an attempt, for any reason. */
export function withRefusal(step: StepRecord, error: JobError, origin: EventOrigin): StepRecord {
  return withEnd(step, { ...error, stepId: step.id }, origin);
}

function withEnd(step: StepRecord, error: JobError, { attempt, atUnixMs, worker }: EventOrigin): StepRecord {
  return { ...step, attempt, worker, state: StepState.FAILED, retryUnixMs: 0, finishedUnixMs: atUnixMs, error };
}
