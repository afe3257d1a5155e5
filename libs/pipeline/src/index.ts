export { advance, type JobChange } from "./advance.ts";
export type { Catalogue } from "./catalogue.ts";
export { expectedCost, expectedStepMs, rateKeyOf, stepMegapixels } from "./cost.ts";
export { type ReadyStep, readySteps, retryDelayMs, stepInputs, toWorkItem, type WorkTimes } from "./dispatch.ts";
export { canonicalParameters } from "./effect-parameters.ts";
export { assertEncoding, canonicalEncoding, encodingKey } from "./encoding.ts";
export { type CostCurve, createRateBook, type DeviceKind, type RateBook, type RateKey } from "./eta.ts";
export { assertHeader, lowerPriority, requestDigest } from "./header.ts";
export { MAX_ATTEMPTS, MAX_OUTPUTS, MAX_STARTS, MAX_STEPS, OUTPUT_LIFE_MS } from "./limits.ts";
export { calm, createLoadGauge, type Load, type LoadGauge, type LoadLevel, type LoadSignals, loadOf } from "./load.ts";
export {
  modelOf,
  type Operation,
  type OperationCase,
  operationNames,
  operationOf,
  operations,
  type StepService,
} from "./operations.ts";
export { type JobOutcome, outcomeOf, type PipelineKind, pipelineKind } from "./outcome.ts";
export { createPace, type Pace } from "./pace.ts";
export { type PlanRequest, planJob } from "./plan.ts";
export type { PlanLimits } from "./plan-limits.ts";
export { mergeProgress } from "./progress.ts";
export { createProfileBook, type ProfileBook, type ProgressProfile } from "./progress-profile.ts";
export { abandonedSteps, nextLookUnixMs, type OwedStep, owedSteps } from "./reconcile.ts";
export { createRecord, isJobEnded, isStepEnded } from "./record.ts";
export { resultSize } from "./result-size.ts";
export { mergeResults, resultCovers, trimResult, type Wanted, wantedOf } from "./results.ts";
export { type RoomNeed, roomNeed } from "./room.ts";
export {
  type Asker,
  claimEntry,
  doneEntry,
  failedEntry,
  isClaimAlive,
  isClaimedBy,
  lookAtResult,
  NEGATIVE_LIFE_MS,
  type ResultLook,
  releasedEntry,
} from "./single-flight.ts";
export { type AiBounds, aiBounds } from "./size-policy.ts";
export { type Bounds, fitWithin, type Size } from "./sizes.ts";
export { spentFrames } from "./spent-frames.ts";
export { type StepClock, type StepExpectation, type StepReading, startStepClock } from "./step-clock.ts";
export { degradedKey, stepKey } from "./step-key.ts";
export { assertEnlarges, assertUpscale, denoisePair, nearestScale, upscaledSize, upscaleFactor } from "./upscale.ts";
export { validatePipeline } from "./validate.ts";
export { adaptationsOf, toJob } from "./view.ts";
export { STALE_AFTER_MS, type StepProgressView } from "./view-progress.ts";
