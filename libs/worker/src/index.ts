export { type HostMemory, readHostMemory } from "./devices/machine-memory.ts";
export { type DeviceLink, linkDevice } from "./devices/report-devices.ts";
export { toWorkClass } from "./models/load-model.ts";
export { modelFields } from "./models/model-fields.ts";
export { createModelHandlers } from "./models/model-handlers.ts";
export { type ModelRun, openModelRun } from "./models/model-run.ts";
export {
  type Models,
  measureModelPeak,
  modelTokens,
  openModels,
  placeModel,
  toDeviceOwner,
} from "./models/open-models.ts";
export { keepModels } from "./models/preload-models.ts";
export { openWorker, type WorkerParts } from "./open-worker.ts";
export { holdSlot, type Slot } from "./slots/hold-slot.ts";
export { connectSchedulers, type SchedulerLink } from "./slots/scheduler-link.ts";
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
  type StepOutcome,
  withFrames,
} from "./step-handler.ts";
export {
  type DirectPart,
  type DirectRequest,
  type DirectResult,
  runDirect,
  streamDirect,
} from "./steps/direct-call.ts";
export { type Execution, executeStep } from "./steps/execute-step.ts";
export { startStepWorker } from "./steps/step-worker.ts";
export { type BlobClient, connectBlobs, type Keep, type RoomWish } from "./storage/blob-client.ts";
export { createResults, keepResult, orUnkept, type ResultKeep, type Results } from "./storage/result-store.ts";
export { type WorkerConfig, workerFields } from "./worker-fields.ts";
