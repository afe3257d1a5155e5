import { expected } from "@pixelmesh/errors";
import {
  type Adaptation,
  type CreateJobHeader,
  JobSpec,
  type Notice,
  type PlannedStep,
  type Source,
  type Step,
} from "@pixelmesh/proto";
import { expectedStepMs, stepMegapixels } from "../estimates/expected-cost.ts";
import type { MeasuredRates } from "../estimates/measured-rates.ts";
import type { ExpandedFeature } from "../features/expand-feature.ts";
import type { Catalogue } from "../operations/catalogue.ts";
import { operationOf, operations, resultSize } from "../operations/operations.ts";
import { resolveStep } from "../operations/resolve-step.ts";
import type { Compression } from "../operations/upscale-auto.ts";
import { stepCost } from "../remote/step-cost.ts";
import { type Size, unknownSize } from "../values/sizes.ts";
import { assertSizes, assertSpecSize, type PlanLimits } from "./assert-plan-limits.ts";
import { boundsFor, degradeStep, loadFor, sizeAdaptation } from "./degrade.ts";
import { edgesOf, topologicalOrder, withAncestors } from "./graph.ts";
import { type Load, noLoad } from "./load-level.ts";
import { normalizePipeline } from "./normalize-pipeline.ts";
import { assertHeader, priorityOf, qualityOf, requestDigest } from "./request-header.ts";
import { withSharedEffects } from "./shared-effects.ts";
import { applySizePolicy } from "./size-policy.ts";
import { validatePipeline } from "./validate-pipeline.ts";

/** The request and the state of the mesh that a plan follows from. */
export type PlanRequest = {
  readonly jobId: string;
  readonly header: CreateJobHeader;
  /** The uploaded pictures, with the facts of their headers. */
  readonly sources: readonly Source[];
  readonly tenant: string;
  readonly nowUnixMs: number;
  readonly deadlineUnixMs: number;
  readonly catalogue: Catalogue;
  /** The pipeline of the feature that the header names. */
  readonly feature?: ExpandedFeature;
  readonly limits: PlanLimits;
  /** Load of the mesh, which degrades requests that allow it. Default: no load. */
  readonly load?: Load;
  /** The pictures as the request names them, if it names one by its address. Default: `sources`. */
  readonly requested?: readonly Source[];
  /** Measured speeds. Without them every expected_ms is 0. */
  readonly rates?: Pick<MeasuredRates, "expectedMs">;
  /** How the uploaded pictures were stored, by name: those that `autoModelUploads` returns. */
  readonly compressions?: ReadonlyMap<string, Compression>;
};

/**
 * Plans a job: its steps in topological order with every default filled in, their roles, model digests and sizes, prescale steps
 * where the quality needs them, and its outputs. Steps that lead to no output are left out, with a notice. Throws as
 * validatePipeline does, OUTPUT_TOO_LARGE, and PIPELINE_TOO_LARGE for more than MAX_SPEC_BYTES.
 */
export function planJob(request: PlanRequest): JobSpec {
  const { header, sources, catalogue, feature } = request;
  assertHeader(header);
  const pipeline = feature?.pipeline ?? header.pipeline;
  if (pipeline === undefined) throw expected("pipeline", "set", "nothing", "INVALID_PIPELINE");
  validatePipeline(
    pipeline,
    sources.map((source) => source.name),
    catalogue,
  );

  const { steps: asked, outputs } = normalizePipeline(pipeline);
  const needed = neededSteps(asked, new Set(outputs.map((output) => output.step)));
  const ordered = topologicalOrder(edgesOf(needed)).flatMap((index) => needed[index] ?? []);
  const load = loadFor(header, request.load ?? noLoad);
  const degraded = ordered.map((step) => degradeStep(step, resolveStep(step, catalogue).step, load, catalogue));
  const resolved = degraded.map(({ step }) => step);
  const sourceSizes = new Map(sources.map((source) => [source.name, source.info ?? unknownSize]));
  const sized = withSizes(
    applySizePolicy(resolved, sourceSizes, boundsFor(header, load), catalogue.effects),
    sourceSizes,
    catalogue.effects,
  );
  assertSizes(
    sized.map(({ step, size }) => [step, size]),
    new Set(outputs.map((output) => output.step)),
    request.limits,
    header.maxOutputPixels,
  );

  const planned = sized.map((each) => planStep(each, request));
  const spec = JobSpec.create({
    jobId: request.jobId,
    tenant: request.tenant,
    requestId: header.requestId,
    priority: priorityOf(header),
    quality: qualityOf(header),
    allowDegraded: header.allowDegraded,
    noCache: header.noCache,
    refresh: header.refresh,
    createdUnixMs: request.nowUnixMs,
    deadlineUnixMs: request.deadlineUnixMs,
    sources: [...sources],
    steps: withSharedEffects(planned.map(({ step }) => step)),
    outputs,
    adaptations: [
      ...(load.level > 0 ? sizeAdaptations(sized, resolved, load) : []),
      ...degraded.flatMap(({ adaptations }) => adaptations),
    ],
    notices: [
      ...(feature?.notices ?? []),
      ...unusedNotices(asked, needed),
      ...planned.flatMap(({ notices }) => notices),
    ],
    requestDigest: requestDigest(header, request.requested ?? sources),
    labels: [...new Set(header.labels)],
    callbackUrl: header.callbackUrl,
    feature: feature?.label ?? "",
  });
  assertSpecSize(spec);
  return spec;
}

function neededSteps(steps: readonly Step[], outputIds: ReadonlySet<string>): Step[] {
  const roots = steps.flatMap((step, index) => (outputIds.has(step.id) ? [index] : []));
  const needed = withAncestors(edgesOf(steps), roots);
  return steps.filter((_, index) => needed.has(index));
}

function unusedNotices(asked: readonly Step[], needed: readonly Step[]): Notice[] {
  return asked
    .filter((step) => !needed.includes(step))
    .map(({ id }) => ({ stepId: id, kind: "unused_step", text: `Step ${id} leads to no output and was left out` }));
}

/** An adaptation for each prescale step that the load has added. */
function sizeAdaptations(sized: readonly SizedStep[], asked: readonly Step[], load: Load): Adaptation[] {
  const ids = new Set(asked.map(({ id }) => id));
  return sized
    .filter(({ step }) => !ids.has(step.id))
    .map(({ step, input, size }) => sizeAdaptation(step.id, input, size, load));
}

/** `upload` is the picture that the step's first input was made from, and `uploaded` its size. */
type SizedStep = {
  readonly step: Step;
  readonly input: Size;
  readonly size: Size;
  readonly upload: string;
  readonly uploaded: Size;
};

function withSizes(
  steps: readonly Step[],
  sourceSizes: ReadonlyMap<string, Size>,
  effects: Catalogue["effects"],
): SizedStep[] {
  const sizes = new Map<string, Size>();
  const uploads = new Map<string, string>();
  return steps.map((step) => {
    const from = step.inputs[0]?.from;
    const input = (from?.$case === "step" ? sizes.get(from.value) : sourceSizes.get(from?.value ?? "")) ?? unknownSize;
    const size = resultSize(operationOf(step), input, effects);
    const upload = (from?.$case === "step" ? uploads.get(from.value) : from?.value) ?? "";
    sizes.set(step.id, size);
    uploads.set(step.id, upload);
    return { step, input, size, upload, uploaded: sourceSizes.get(upload) ?? unknownSize };
  });
}

function planStep(each: SizedStep, { catalogue, rates, compressions }: PlanRequest) {
  const { input, size } = each;
  const { widthPx, heightPx } = size;
  const compression = compressionOf(each, compressions);
  const resolved = resolveStep(each.step, catalogue, input, compression);
  const { step, modelDigest, operationRevision, largerModels, notices } = resolved;
  const operation = operationOf(step);
  const { role } = operations[operation.$case];
  const sizes = { widthPx, heightPx };
  const larger = largerModels.length > 0 ? { models: [...largerModels] } : undefined;
  const cost = stepCost(operation, catalogue.remoteModels, catalogue.remoteCurrency ?? "");
  const together = { sharedEffects: undefined, largerModels: larger, cost };
  const planned: PlannedStep = {
    step,
    service: role,
    modelDigest,
    operationRevision,
    ...sizes,
    ...together,
    expectedMs: 0,
  };
  const expectedMs = rates ? expectedStepMs(rates, step, stepMegapixels(planned)) : 0;
  return { step: { ...planned, expectedMs }, notices };
}

/** How the picture of a step was stored. Undefined if it was not measured. */
function compressionOf(
  { input, upload, uploaded }: SizedStep,
  compressions: PlanRequest["compressions"],
): Compression | undefined {
  const measured = compressions?.get(upload);
  return measured && { ...measured, isShrunk: input.widthPx > 0 && input.widthPx * 2 <= uploaded.widthPx };
}
