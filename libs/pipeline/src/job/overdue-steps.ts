import { type JobRecord, JobState, type StepRecord, StepState } from "@pixelmesh/proto";
import { retryDelayMs } from "./ready-steps.ts";

/** A step whose work item should be in its queue. If it is missing there, it was lost. */
export type OverdueStep = {
  readonly index: number;
  readonly step: StepRecord;
};

/** The next time to check an open job: after `everyMs`, but not after its deadline. */
export function nextCheckUnixMs(deadlineUnixMs: number, nowUnixMs: number, everyMs: number): number {
  const nextUnixMs = nowUnixMs + everyMs;
  return deadlineUnixMs > nowUnixMs ? Math.min(nextUnixMs, deadlineUnixMs) : nextUnixMs;
}

/** The steps that have been READY or RUNNING for at least `afterMs`. An ended job has none. */
export function overdueSteps(record: JobRecord, nowUnixMs: number, afterMs: number): OverdueStep[] {
  if (record.state !== JobState.RUNNING) return [];
  return record.steps.flatMap((step, index) => {
    const readyUnixMs = Math.max(step.readyUnixMs, step.retryUnixMs + retryDelayMs(step.attempt));
    const sinceUnixMs = step.state === StepState.RUNNING ? step.startedUnixMs : readyUnixMs;
    const isOpen = step.state === StepState.READY || step.state === StepState.RUNNING;
    return isOpen && nowUnixMs - sinceUnixMs >= afterMs ? [{ index, step }] : [];
  });
}

/** The steps that were open when their job ended, and whether each had started. Their claims have to be released or handed over. */
export function abandonedSteps(record: JobRecord): { step: StepRecord; wasRunning: boolean }[] {
  return record.steps
    .filter((step) => step.resultKey !== "" && step.state === StepState.CANCELLED)
    .map((step) => ({ step, wasRunning: step.starts > 0 }));
}
