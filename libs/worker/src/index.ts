export { type HostMemory, readHostMemory } from "./devices/machine-memory.ts";
export { type DeviceLink, linkDevice } from "./devices/report-devices.ts";
export { toDeviceOwner } from "./models/device-owner.ts";
export { modelFields } from "./models/model-fields.ts";
export { createModelHandlers } from "./models/model-handlers.ts";
export { type ModelRun, openModelRun } from "./models/model-run.ts";
export { type Models, openModels } from "./models/open-models.ts";
export { keepPinnedModels } from "./models/pinned-models.ts";
export { modelTokens, placeModel, toWorkClass, withNarrowHosts } from "./models/place-model.ts";
export { openWorker, type WorkerParts } from "./open-worker.ts";
export { remoteRuleFields, toBudgetLimits } from "./remote-rule-fields.ts";
export { type HeldSlot, holdSlot } from "./slots/hold-slot.ts";
export { connectSchedulers, type SchedulerLink } from "./slots/scheduler-link.ts";
export type { SlotAccount } from "./slots/slot-account.ts";
export {
  type AnyHandler,
  heldBytes,
  type PictureSize,
  type RasterContext,
  type RasterHandler,
  type SlotNeed,
  type StepContext,
  type StepGrant,
  type StepHandler,
  type StepOption,
  type StepOutcome,
  withFrames,
} from "./step-handler.ts";
export type { DerivedPicture, MakePicture } from "./steps/derived-pictures.ts";
export {
  type DirectPart,
  type DirectRequest,
  type DirectResult,
  runDirect,
  streamDirect,
} from "./steps/direct-call.ts";
export { executeStep } from "./steps/execute-step.ts";
export type { ExecutionControl, ExecutionResult } from "./steps/execution.ts";
export type { SharedBeginnings } from "./steps/shared-beginnings.ts";
export type { StepWork } from "./steps/step-work.ts";
export { type ManySteps, startStepWorker } from "./steps/step-worker.ts";
export { type BlobClient, type BlobRetention, connectBlobs, type ReservationRequest } from "./storage/blob-client.ts";
export {
  ignoreFullCache,
  openResultCache,
  type ResultCache,
  type ResultRetention,
  reuseBlobs,
} from "./storage/result-cache.ts";
export { type WorkerConfig, workerFields } from "./worker-fields.ts";
