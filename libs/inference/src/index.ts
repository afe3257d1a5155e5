export { startInferenceHost } from "./host/host.ts";
export type { HostEndReason, HostEvent, RunOutcome, UnloadCause } from "./host/host-event.ts";
export { type HostFault, parseHostFault } from "./host/host-fault.ts";
export { defaultHostLimits } from "./host/host-limits.ts";
export { createHostPool } from "./host/host-pool.ts";
export type { HostChoice, HostLease, HostPool, HostPoolOptions, PoolDevice } from "./host/host-pool-types.ts";
export type {
  HostDescription,
  HostLimits,
  HostMemory,
  HostOptions,
  HostThreads,
  InferenceHost,
  LoadReport,
  MatteResult,
  ResidentModelReport,
  RunOptions,
  Tile,
  TileResult,
  UnloadReport,
} from "./host/host-types.ts";
export type { Log } from "./host/log.ts";
export type { RoomRules } from "./host/model-room.ts";
export type { Provider } from "./host/provider.ts";
export { assertModelFile, readModelFile } from "./models/check-file.ts";
export { estimatePeakBytes } from "./models/estimate.ts";
export { type FileDigest, readFileDigest } from "./models/file-digest.ts";
export { type ModelClass, type ModelEntry, type ModelTask, parseManifest } from "./models/manifest.ts";
export type { OnnxFile, TensorFacts } from "./models/onnx-file.ts";
export {
  type AvailableModel,
  bundledModelsDir,
  loadRegistry,
  type ModelRegistry,
  type ModelStatus,
  withBundledModels,
} from "./models/registry.ts";
export type { Blend } from "./tiles/blend.ts";
export { planTiles, type Region, type Span, type TilePlan, type TilePlanOptions } from "./tiles/plan-tiles.ts";
export type { TileFailure, TileMeans } from "./tiles/run-region.ts";
export { type RunTiledOptions, runTiled, type TiledReport } from "./tiles/run-tiled.ts";
