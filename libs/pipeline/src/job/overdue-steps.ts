import { type JobRecord, JobState, type StepRecord, StepState } from "@pixelmesh/proto";
import { retryDelayMs } from "./ready-steps.ts";

/** A step whose message should be in its queue; when it is not, something was lost. */
export type OwedStep = {
  readonly index: number;
  readonly step: StepRecord;
};

/** When an open job is to be looked at again: after `everyMs`, but not later than its deadline. */
export function nextLookUnixMs(deadlineUnixMs: number, nowUnixMs: number, everyMs: number): number {
  const nextUnixMs = nowUnixMs + everyMs;
  return deadlineUnixMs > nowUnixMs ? Math.min(nextUnixMs, deadlineUnixMs) : nextUnixMs;
}

/** Steps that have been READY or RUNNING for at least `afterMs`: their messages must be there. An ended job has none. */
export function owedSteps(record: JobRecord, nowUnixMs: number, afterMs: number): OwedStep[] {
  if (record.state !== JobState.RUNNING) return [];
  return record.steps.flatMap((step, index) => {
    const readyUnixMs = Math.max(step.readyUnixMs, step.retryUnixMs + retryDelayMs(step.attempt));
    const sinceUnixMs = step.state === StepState.RUNNING ? step.startedUnixMs : readyUnixMs;
    const isOwed = step.state === StepState.READY || step.state === StepState.RUNNING;
    return isOwed && nowUnixMs - sinceUnixMs >= afterMs ? [{ index, step }] : [];
  });
}

/** Steps that were open when their job ended, and which of them ran: their claims are to be given up or handed over. */
export function abandonedSteps(record: JobRecord): { step: StepRecord; wasRunning: boolean }[] {
  return record.steps
    .filter((step) => step.resultKey !== "" && step.state === StepState.CANCELLED)
    .map((step) => ({ step, wasRunning: step.starts > 0 }));
}
