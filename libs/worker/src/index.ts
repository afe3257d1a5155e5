export { type BlobClient, connectBlobs, type Keep, type RoomWish } from "./blobs.ts";
export { type DeviceLink, linkDevice } from "./device.ts";
export { type DirectPart, type DirectRequest, type DirectResult, runDirect, streamDirect } from "./direct.ts";
export { type Execution, executeStep } from "./execute.ts";
export { type WorkerConfig, workerFields } from "./fields.ts";
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
} from "./handler.ts";
export { type HostMemory, readHostMemory } from "./host-memory.ts";
export { keepModels } from "./keep-models.ts";
export { toWorkClass } from "./load-admitted.ts";
export { modelFields } from "./model-fields.ts";
export { createModelHandlers } from "./model-rpc.ts";
export { type ModelRun, openModelRun } from "./model-run.ts";
export {
  type Models,
  measureModelPeak,
  modelTokens,
  openModels,
  placeModel,
  toDeviceOwner,
} from "./models.ts";
export { openWorker, type WorkerParts } from "./open.ts";
export { createResults, keepResult, orUnkept, type ResultKeep, type Results } from "./results.ts";
export { connectSchedulers, type SchedulerLink } from "./scheduler-link.ts";
export { holdSlot, type Slot } from "./slot.ts";
export { startStepWorker } from "./step-worker.ts";
