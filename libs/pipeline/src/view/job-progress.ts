import { type JobRecord, type JobSpec, JobState, type StepRecord, StepState } from "@pixelmesh/proto";
import { expectedCost } from "../estimates/expected-cost.ts";

/** The newest word of a running step. */
export type StepProgressView = {
  /** Part done, 0 to 1. */
  readonly fraction: number;
  /** Milliseconds left when this was said; -1 where not known. */
  readonly etaMs: number;
  readonly attempt?: number;
  /** The most that was heard of the step in any attempt: a job's progress does not fall when a step begins anew. */
  readonly best?: number;
  /** When it was heard, on the clock of `nowUnixMs`; not given: just now. */
  readonly heardUnixMs?: number;
};

/** A running step says something several times a second. After this long without a word nothing is said of its time left. */
export const STALE_AFTER_MS = 3_000;

/** A record in which steps that were heard to work are RUNNING: that they have started may be written a moment later. */
export function withHeard(record: JobRecord, progressByStep: ProgressByStep): JobRecord {
  const isHeard = ({ id, state, attempt }: StepRecord) => {
    const heard = progressByStep.get(id);
    const hasBegun = heard !== undefined && (heard.fraction > 0 || heard.etaMs > 0);
    return state === StepState.READY && hasBegun && heard.attempt === attempt;
  };
  if (!record.steps.some(isHeard)) return record;
  const steps = record.steps.map((step) => (isHeard(step) ? { ...step, state: StepState.RUNNING } : step));
  return { ...record, steps };
}

type ProgressByStep = ReadonlyMap<string, StepProgressView>;

// Whatever a running step says, it is done only when its result is stored.
const runningCap = 0.99;

/** How far a step is, 0 to 1: 1 exactly when it has succeeded, and 0 while it does not run. */
export function stepProgress(step: StepRecord, progress: StepProgressView | undefined): number {
  if (step.state === StepState.SUCCEEDED) return 1;
  if (step.state !== StepState.RUNNING || !progress || Number.isNaN(progress.fraction)) return 0;
  return Math.min(runningCap, Math.max(0, progress.fraction));
}

/** How far a job is, 0 to 1: its steps' progress, each weighted by what it is expected to cost. 1 only when SUCCEEDED. */
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
 * Milliseconds a running job still needs: along the slowest way through its steps. A running step's rest is by its own word,
 * less the time since it was said; one that is yet to come needs its measured expectation. -1 where any step on the way waits, has
 * not been heard of for 3 s, or has no measured expectation.
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
      const silentMs = nowUnixMs - (progress.heardUnixMs ?? nowUnixMs);
      return silentMs > STALE_AFTER_MS ? undefined : Math.max(0, progress.etaMs - Math.max(0, silentMs));
    }
    case StepState.PENDING:
      return expectedMs > 0 ? expectedMs : undefined;
    default:
      // READY: when it will begin is not known.
      return undefined;
  }
}
