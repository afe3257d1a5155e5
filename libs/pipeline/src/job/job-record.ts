import { JobRecord, type JobSpec, JobState, type PlannedStep, type StepRecord, StepState } from "@pixelmesh/proto";
import { operations } from "../operations/operations.ts";
import { stepKey } from "../operations/step-key.ts";
import { OUTPUT_LIFE_MS } from "../values/limits.ts";

/** A new job's record: RUNNING, with the steps READY that take uploads only. Outputs are kept `outputLifeMs` past the deadline. */
export function createRecord(spec: JobSpec, outputLifeMs: number = OUTPUT_LIFE_MS): JobRecord {
  const record = JobRecord.create({
    jobId: spec.jobId,
    tenant: spec.tenant,
    state: JobState.RUNNING,
    steps: spec.steps.map(({ step }) => ({ id: step?.id ?? "", state: StepState.PENDING, attempt: 1 })),
    outputsExpireUnixMs: Math.max(spec.createdUnixMs, spec.deadlineUnixMs) + outputLifeMs,
    deadlineUnixMs: spec.deadlineUnixMs,
    labels: [...spec.labels],
    operations: operationNamesOf(spec),
  });
  return { ...record, steps: promoteSteps(spec, record.steps) };
}

/** The operations of a job's steps, each once, sorted. */
function operationNamesOf({ steps }: JobSpec): string[] {
  const names = steps.flatMap(({ step }) => {
    const kind = step?.operation?.$case;
    // A later release may know further operations.
    return kind !== undefined && Object.hasOwn(operations, kind) ? [operations[kind].name] : [];
  });
  return [...new Set(names)].sort();
}

/** Whether a job has reached its terminal state. */
export function isJobEnded(state: JobState): boolean {
  return state === JobState.SUCCEEDED || state === JobState.FAILED || state === JobState.CANCELLED;
}

/** Whether a step has reached a terminal state. */
export function isStepEnded(state: StepState): boolean {
  return state === StepState.SUCCEEDED || state === StepState.FAILED || state === StepState.CANCELLED;
}

/**
 * The steps of a record, with PENDING ones made READY where all of their inputs exist. A step whose inputs exist also has the time
 * when its last input was made and its result key. Steps that do not change stay the same objects.
 */
export function promoteSteps(spec: JobSpec, steps: readonly StepRecord[]): StepRecord[] {
  const byId = new Map(steps.map((step) => [step.id, step]));
  return steps.map((step, index) => {
    const planned = spec.steps[index];
    if (planned === undefined || (step.readyUnixMs !== 0 && step.state !== StepState.PENDING)) return step;
    const inputs = inputsOf(spec, planned, byId);
    if (inputs === undefined) return step;
    const resultKey = spec.noCache
      ? ""
      : stepKey(
          planned,
          inputs.map((input) => input.sha256),
        );
    const readyUnixMs = Math.max(spec.createdUnixMs, ...inputs.map((input) => input.madeUnixMs));
    return { ...step, state: step.state === StepState.PENDING ? StepState.READY : step.state, readyUnixMs, resultKey };
  });
}

type MadeInput = { readonly sha256: string; readonly madeUnixMs: number };

function inputsOf(spec: JobSpec, planned: PlannedStep, byId: ReadonlyMap<string, StepRecord>): MadeInput[] | undefined {
  const made: MadeInput[] = [];
  for (const { from } of planned.step?.inputs ?? []) {
    if (from?.$case === "upload") {
      const source = spec.sources.find(({ name }) => name === from.value);
      made.push({ sha256: source?.sha256 ?? "", madeUnixMs: spec.createdUnixMs });
      continue;
    }
    const maker = byId.get(from?.value ?? "");
    if (maker?.state !== StepState.SUCCEEDED) return undefined;
    made.push({ sha256: maker.result?.frame?.sha256 ?? "", madeUnixMs: maker.finishedUnixMs });
  }
  return made;
}
