import { type JobRecord, type JobSpec, JobState, type StepRecord, StepState } from "@pixelmesh/proto";
import { expectedCost } from "./cost.ts";

/** The newest word of a running step: part done, 0 to 1, and milliseconds left, -1 where not known. */
export type StepProgressView = { readonly fraction: number; readonly etaMs: number; readonly attempt?: number };

/** A record in which steps that were heard to work are RUNNING: that they have started may be written a moment later. */
export function withHeard(record: JobRecord, progressByStep: ProgressByStep): JobRecord {
  const isHeard = ({ id, state, attempt }: StepRecord) => {
    const heard = progressByStep.get(id);
    return state === StepState.READY && heard?.attempt === attempt && heard.fraction > 0;
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
    total += cost;
    done += cost * stepProgress(step, progressByStep.get(step.id));
  }
  return total > 0 ? Math.min(1, done / total) : 0;
}

/**
 * Milliseconds a running job still needs: along the slowest way through its steps, each by its own word, its measured
 * expectation, or its weight at the pace of this job's other steps. -1 while nothing says how fast it goes.
 */
export function jobEtaMs(spec: JobSpec, record: JobRecord, progressByStep: ProgressByStep): number {
  const pace = measuredPace(spec, record, progressByStep);
  const doneInMs = new Map<string, number>();
  for (const [index, step] of record.steps.entries()) {
    const planned = spec.steps[index];
    const inputs = planned?.step?.inputs ?? [];
    const startsInMs = Math.max(
      0,
      ...inputs.map(({ from }) => (from?.$case === "step" && doneInMs.get(from.value)) || 0),
    );
    const progress = progressByStep.get(step.id);
    const left = 1 - stepProgress(step, progress);
    let leftMs: number;
    if (left === 0) leftMs = 0;
    else if (step.state === StepState.RUNNING && progress && progress.etaMs >= 0) leftMs = progress.etaMs;
    else if (planned && planned.expectedMs > 0) leftMs = planned.expectedMs * left;
    else if (planned && pace !== undefined) leftMs = expectedCost(planned) * left * pace;
    else return -1;
    doneInMs.set(step.id, startsInMs + leftMs);
  }
  return Math.round(Math.max(0, ...doneInMs.values()));
}

// Real milliseconds for each millisecond of assumed cost, from steps that have run and those that say what is left.
function measuredPace(spec: JobSpec, record: JobRecord, progressByStep: ProgressByStep): number | undefined {
  let realMs = 0;
  let assumedMs = 0;
  for (const [index, step] of record.steps.entries()) {
    const planned = spec.steps[index];
    const progress = progressByStep.get(step.id);
    if (planned === undefined) continue;
    if (step.state === StepState.SUCCEEDED && !step.cached) {
      realMs += step.finishedUnixMs - step.startedUnixMs;
      assumedMs += expectedCost(planned);
    } else if (step.state === StepState.RUNNING && progress && progress.etaMs >= 0) {
      realMs += progress.etaMs;
      assumedMs += expectedCost(planned) * (1 - stepProgress(step, progress));
    }
  }
  return assumedMs > 0 ? realMs / assumedMs : undefined;
}
