import {
  type Adaptation,
  ImageFormat,
  Job,
  type JobRecord,
  type JobSpec,
  type Notice,
  type Output,
  type OutputStatus,
  type PlannedStep,
  type StepCost,
  type StepRecord,
  StepState,
  type StepStatus,
} from "@pixelmesh/proto";
import { isJobEnded } from "../job/job-record.ts";
import { modelOf, operationOf, operations } from "../operations/operations.ts";
import { encodingKey } from "../values/encoding.ts";
import { toPublicUrl } from "../values/public-url.ts";
import { jobEtaMs, jobProgress, type StepProgressView, stepProgress, withReported } from "./job-progress.ts";
import { stepWait } from "./step-wait.ts";

/**
 * The job as its owner sees it: the request, its state, and the progress that its running steps have reported, whose age counts from
 * `nowUnixMs`. Outputs that expire before `nowUnixMs` are expired, not ready.
 */
export function toJob(
  spec: JobSpec,
  stored: JobRecord,
  revision: number,
  progressByStep: ReadonlyMap<string, StepProgressView> = new Map(),
  nowUnixMs = 0,
): Job {
  const record = withReported(stored, progressByStep);
  return Job.create({
    id: spec.jobId,
    state: record.state,
    createdUnixMs: spec.createdUnixMs,
    finishedUnixMs: record.finishedUnixMs,
    deadlineUnixMs: spec.deadlineUnixMs,
    outputsExpireUnixMs: record.outputsExpireUnixMs,
    priority: spec.priority,
    sources: spec.sources,
    steps: spec.steps.flatMap((planned, index) => {
      const step = record.steps[index];
      return step ? [stepStatus(planned, step, progressByStep.get(step.id), nowUnixMs)] : [];
    }),
    outputs: spec.outputs.map((output) => outputStatus(output, record, nowUnixMs)),
    adaptations: adaptationsOf(spec, record),
    notices: [...spec.notices, ...remarksOf<Notice>(record, (result) => result.notices)],
    error: record.error,
    progress: jobProgress(spec, record, progressByStep),
    etaMs: isJobEnded(record.state) ? 0 : jobEtaMs(spec, record, progressByStep, nowUnixMs),
    revision,
    requestId: spec.requestId,
    labels: spec.labels,
    callbackUrl: toPublicUrl(spec.callbackUrl),
    feature: spec.feature,
    traceId: /^00-([0-9a-f]{32})-/.exec(spec.traceparent)?.[1] ?? "",
  });
}

/** All degradations of a job, in the form in which its caller gets them. */
export function adaptationsOf(spec: JobSpec, record: JobRecord): Adaptation[] {
  return [...spec.adaptations, ...remarksOf<Adaptation>(record, (result) => result.adaptations)];
}

function stepStatus(
  planned: PlannedStep,
  step: StepRecord,
  report: StepProgressView | undefined,
  nowUnixMs: number,
): StepStatus {
  const operation = planned.step && operationOf(planned.step);
  const { result } = step;
  const made = result?.provenance;
  const isDone = step.state === StepState.SUCCEEDED;
  return {
    id: step.id,
    operation: operation ? operations[operation.$case].name : "",
    state: step.state,
    attempt: step.attempt,
    progress: stepProgress(step, report),
    cached: step.cached,
    savedMs: savedMsOf(step),
    waitMs: step.startedUnixMs > 0 ? Math.max(0, step.startedUnixMs - step.readyUnixMs) : 0,
    runMs: isDone ? step.finishedUnixMs - step.startedUnixMs : 0,
    model: made?.model || (operation ? modelOf(operation) : ""),
    provider: made?.provider ?? "",
    device: made?.device ?? "",
    error: step.error,
    widthPx: result?.widthPx || planned.widthPx,
    heightPx: result?.heightPx || planned.heightPx,
    confidence: made?.confidence,
    inputSteps: (planned.step?.inputs ?? []).flatMap(({ from }) => (from?.$case === "step" ? [from.value] : [])),
    cost: costOf(planned, step),
    wait: stepWait(step, report, nowUnixMs),
  };
}

/** The run time that a cached step saved, in milliseconds; 0 for other steps. Records of earlier releases hold the run time only. */
export function savedMsOf({ cached, result }: StepRecord): number {
  const { savedMs = 0, runMs = 0 } = result?.provenance ?? {};
  return cached ? savedMs || runMs : 0;
}

/** The cost of a step. One whose result was stored before costs nothing; it says what the call that made the result had cost. */
function costOf({ cost: plannedCost }: PlannedStep, { cached, result }: StepRecord): StepCost | undefined {
  const cost = result?.provenance?.cost;
  if (!cost) return plannedCost;
  const estimateMicros = plannedCost?.estimateMicros ?? cost.estimateMicros;
  return cached
    ? { ...cost, estimateMicros, actualMicros: 0, savedMicros: cost.actualMicros }
    : { ...cost, estimateMicros };
}

function outputStatus({ name, step: stepId, encoding }: Output, record: JobRecord, nowUnixMs: number): OutputStatus {
  const step = record.steps.find(({ id }) => id === stepId);
  const key = encodingKey(encoding);
  const made = step?.result?.outputs.find((output) => encodingKey(output.encoding) === key);
  const isMade = step?.state === StepState.SUCCEEDED && made?.blob !== undefined;
  const isOver = nowUnixMs >= record.outputsExpireUnixMs && record.outputsExpireUnixMs > 0;
  return {
    name,
    step: stepId,
    ready: isMade && !isOver,
    expired: isMade && isOver,
    sha256: made?.blob?.sha256 ?? "",
    sizeBytes: made?.blob?.sizeBytes ?? 0,
    format: made?.format ?? ImageFormat.UNSPECIFIED,
    widthPx: step?.result?.widthPx ?? 0,
    heightPx: step?.result?.heightPx ?? 0,
  };
}

// A result may come from another job, in which the step had another name.
function remarksOf<T extends { stepId: string }>(
  record: JobRecord,
  listOf: (result: NonNullable<StepRecord["result"]>) => readonly T[],
): T[] {
  return record.steps.flatMap(({ id, result }) =>
    result ? listOf(result).map((remark) => ({ ...remark, stepId: id })) : [],
  );
}
