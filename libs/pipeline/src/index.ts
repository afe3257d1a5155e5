export { expectedCost, expectedStepMs, rateKeyOf, stepMegapixels } from "./estimates/expected-cost.ts";
export {
  type CostCurve,
  createMeasuredRates,
  type DeviceKind,
  type MeasuredRates,
  type RateKey,
} from "./estimates/measured-rates.ts";
export { createMachinePace, type MachinePace } from "./estimates/pace.ts";
export { createProgressProfiles, type ProgressProfile, type ProgressProfiles } from "./estimates/progress-profile.ts";
export { type StepClock, type StepExpectation, type StepReading, startStepClock } from "./estimates/step-clock.ts";
export { type StorageNeed, storageNeed } from "./estimates/storage-need.ts";
export { defaultRequest, describeFeature } from "./features/describe-features.ts";
export {
  type ExpandedFeature,
  expandFeature,
  type FeatureContext,
  findFeature,
  mayUseHosted,
  newestFeatures,
} from "./features/expand-feature.ts";
export type { Feature } from "./features/feature.ts";
export { createRecord, isJobEnded, isStepEnded } from "./job/job-record.ts";
export { type JobOutcome, outcomeOf, type PipelineKind, pipelineKind, pipelineKinds } from "./job/outcome.ts";
export { abandonedSteps, nextCheckUnixMs, type OverdueStep, overdueSteps } from "./job/overdue-steps.ts";
export { type ReadyStep, readySteps, retryDelayMs, stepInputs, toWorkItem, type WorkTimes } from "./job/ready-steps.ts";
export { type CacheUse, type JobChange, reduceJob } from "./job/reduce.ts";
export {
  claimEntry,
  doneEntry,
  failedEntry,
  isClaimAlive,
  isClaimedBy,
  lookUpResult,
  NEGATIVE_LIFE_MS,
  type ResultLookup,
  type ResultRequest,
  releasedEntry,
} from "./job/result-claims.ts";
export { mergeResults, resultCovers, trimResult, type Wanted, wantedOf } from "./job/result-coverage.ts";
export { spentFrames } from "./job/spent-frames.ts";
export type { Catalogue } from "./operations/catalogue.ts";
export { canonicalParameters } from "./operations/effect-parameters.ts";
export { effectTexts } from "./operations/effect-texts.ts";
export { type ConfidenceRule, confidenceRule, largerModels, type SizedModel } from "./operations/larger-models.ts";
export type { Operation, OperationCase, OperationOf, OperationValues } from "./operations/operation.ts";
export {
  type HandlersOf,
  modelOf,
  modelOperationCases,
  type OperationsOfRole,
  operationCases,
  operationNames,
  operationOf,
  operations,
  pixelRatio,
  resultSize,
  validateOperation,
} from "./operations/operations.ts";
export { degradedKey, stepKey } from "./operations/step-key.ts";
export {
  AUTO_MODEL,
  COMPRESSED_BLOCKINESS,
  COMPRESSED_QUALITY,
  type Compression,
  isPhotoModel,
  PHOTO_MODEL,
} from "./operations/upscale-auto.ts";
export {
  assertEnlarges,
  denoisePair,
  nearestScale,
  upscaledSize,
  upscaleFactor,
} from "./operations/upscale-size.ts";
export type { PlanLimits } from "./plan/assert-plan-limits.ts";
export { autoModelUploads } from "./plan/auto-model-uploads.ts";
export {
  createLoadGauge,
  type Load,
  type LoadGauge,
  type LoadLevel,
  type LoadSignals,
  loadOf,
  noLoad,
} from "./plan/load-level.ts";
export { type PlanRequest, planJob } from "./plan/plan-job.ts";
export { assertHeader, lowerPriority, requestDigest } from "./plan/request-header.ts";
export { type AiBounds, aiBounds } from "./plan/size-policy.ts";
export { validatePipeline } from "./plan/validate-pipeline.ts";
export {
  assertBudget,
  type BudgetLimits,
  budgetKey,
  budgetOf,
  dayEndUnixMs,
  emptyBudget,
  leftMicros,
  parseAmount,
  reserveBudget,
  settleBudget,
  toAmount,
  usedMicros,
  withoutExpired,
} from "./remote/budget.ts";
export { assertPipelineAllowed, assertRemoteAllowed } from "./remote/remote-allowed.ts";
export { estimateMicros, jobEstimateMicros } from "./remote/step-cost.ts";
export { canonicalDigest, canonicalJson } from "./values/canonical-json.ts";
export { assertEncoding, canonicalEncoding, encodingKey } from "./values/encoding.ts";
export { MAX_ATTEMPTS, MAX_OUTPUTS, MAX_STARTS, MAX_STEPS, OUTPUT_LIFE_MS } from "./values/limits.ts";
export { toPublicUrl } from "./values/public-url.ts";
export { type Bounds, fitWithin, type Size } from "./values/sizes.ts";
export { STALE_AFTER_MS, type StepProgressView } from "./view/job-progress.ts";
export { mergeProgress } from "./view/merge-progress.ts";
export { adaptationsOf, savedMsOf, toJob } from "./view/to-job.ts";
