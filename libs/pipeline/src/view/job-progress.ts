import { type JobRecord, type JobSpec, JobState, type StepRecord, StepState, type StepWait } from "@pixelmesh/proto";
import { expectedCost } from "../estimates/expected-cost.ts";

/** The newest progress report of a running step. */
export type StepProgressView = {
  /** Part done, 0 to 1. */
  readonly fraction: number;
  /** Milliseconds left at the time of the report; -1 where unknown. */
  readonly etaMs: number;
  readonly attempt?: number;
  /** The highest fraction of any attempt: a job's progress does not fall when a step is retried. */
  readonly best?: number;
  /** When it was received, on the clock of `nowUnixMs`; default: now. */
  readonly receivedUnixMs?: number;
  /** What the step waits for; absent: nothing. */
  readonly wait?: StepWait | undefined;
};

/** A running step reports several times a second. After this time without a report, its time left is unknown. */
export const STALE_AFTER_MS = 3_000;

/** The record with READY steps made RUNNING that have reported progress. Their start may reach the record a moment later. */
export function withReported(record: JobRecord, progressByStep: ProgressByStep): JobRecord {
  const hasReported = ({ id, state, attempt }: StepRecord) => {
    const report = progressByStep.get(id);
    const hasBegun = report !== undefined && (report.fraction > 0 || report.etaMs > 0);
    return state === StepState.READY && hasBegun && report.attempt === attempt;
  };
  if (!record.steps.some(hasReported)) return record;
  const steps = record.steps.map((step) => (hasReported(step) ? { ...step, state: StepState.RUNNING } : step));
  return { ...record, steps };
}

type ProgressByStep = ReadonlyMap<string, StepProgressView>;

// A step is done only when its result is stored.
const runningCap = 0.99;

/** Progress of a step, 0 to 1: 1 exactly when it has succeeded, 0 while it does not run. */
export function stepProgress(step: StepRecord, progress: StepProgressView | undefined): number {
  if (step.state === StepState.SUCCEEDED) return 1;
  if (step.state !== StepState.RUNNING || !progress || Number.isNaN(progress.fraction)) return 0;
  return Math.min(runningCap, Math.max(0, progress.fraction));
}

/** Progress of a job, 0 to 1: its steps' progress, weighted by their expected costs. 1 only when SUCCEEDED. */
export function jobProgress(spec: JobSpec, record: JobRecord, progressByStep: ProgressByStep): number {
  if (record.state === JobState.SUCCEEDED) return 1;
  let total = 0;
  let done = 0;
  for (const [index, step] of record.steps.entries()) {
    const planned = spec.steps[index];
    const cost = planned ? expectedCost(planned) : 0;
    const progress = progressByStep.get(step.id);
    const best = Math.min(runningCap, progress?.best ?? 0);
    total += cost;
    done += cost * Math.max(best, stepProgress(step, progress));
  }
  return total > 0 ? Math.min(1, done / total) : 0;
}

/**
 * Milliseconds that a running job still needs, along the critical path of its steps. A running step counts with its reported time
 * left, less the age of the report. A PENDING step counts with its measured expectation. The result is -1 where any step is READY,
 * has not reported for 3 s, or has no measured expectation.
 */
export function jobEtaMs(spec: JobSpec, record: JobRecord, progressByStep: ProgressByStep, nowUnixMs: number): number {
  const doneInMs = new Map<string, number>();
  for (const [index, step] of record.steps.entries()) {
    const planned = spec.steps[index];
    const inputs = planned?.step?.inputs ?? [];
    const startsInMs = Math.max(
      0,
      ...inputs.map(({ from }) => (from?.$case === "step" && doneInMs.get(from.value)) || 0),
    );
    const leftMs = stepLeftMs(step, planned?.expectedMs ?? 0, progressByStep.get(step.id), nowUnixMs);
    if (leftMs === undefined) return -1;
    doneInMs.set(step.id, startsInMs + leftMs);
  }
  return Math.round(Math.max(0, ...doneInMs.values()));
}

function stepLeftMs(
  { state }: StepRecord,
  expectedMs: number,
  progress: StepProgressView | undefined,
  nowUnixMs: number,
): number | undefined {
  switch (state) {
    case StepState.SUCCEEDED:
      return 0;
    case StepState.RUNNING: {
      if (progress === undefined || progress.etaMs < 0) return undefined;
      const ageMs = nowUnixMs - (progress.receivedUnixMs ?? nowUnixMs);
      return ageMs > STALE_AFTER_MS ? undefined : Math.max(0, progress.etaMs - Math.max(0, ageMs));
    }
    case StepState.PENDING:
      return expectedMs > 0 ? expectedMs : undefined;
    default:
      // READY: the wait for its start is unknown.
      return undefined;
  }
}
