export { parseOperation, parseReason } from "./filter-words.ts";
export {
  type AskedOperation,
  askedOperations,
  askedRoles,
  backgroundUpload,
  operationFlags,
  type StepFlags,
  type ToEffects,
} from "./operation-flags.ts";
export { toPipeline } from "./pipeline.ts";
export {
  hasMainSteps,
  mainOutput,
  outputNames,
  type PipelineFlags,
  type PipelineOptions,
  parsePipelineOptions,
} from "./pipeline-options.ts";
export { type EffectFile, type EffectPlan, type FileRules, planEffects, type TypedEffects } from "./plan-effects.ts";
export {
  type FeaturePlan,
  featureRoles,
  planFeature,
  planRemoteModel,
  type RemoteModelPlan,
} from "./plan-feature.ts";
export { withSharedModel } from "./shared-model.ts";
export { toEffect, toTypedSettings } from "./to-effect.ts";
export { toTypedFailure } from "./typed-failure.ts";
export { toUpscale, type UpscaleOptions } from "./upscale-flags.ts";
