export { assertModelFile, readModelFile } from "./models/check-file.ts";
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
export { type HostFault, parseHostFault } from "./protocol/faults.ts";
export type { Provider } from "./protocol/provider.ts";
export type { HostEndReason, HostEvent, RunOutcome, UnloadCause } from "./supervisor/events.ts";
export type { RoomRules } from "./supervisor/eviction-policy.ts";
export { startInferenceHost } from "./supervisor/host.ts";
export { defaultHostLimits } from "./supervisor/limits.ts";
export type { Log } from "./supervisor/log.ts";
export { createHostPool } from "./supervisor/pool.ts";
export type { HostChoice, HostLease, HostPool, HostPoolOptions, PoolDevice } from "./supervisor/pool-types.ts";
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
} from "./supervisor/types.ts";
export type { Blend } from "./tiles/blend.ts";
export { estimatePeakBytes } from "./tiles/estimate-peak.ts";
export { planTiles, type Region, type Span, type TilePlan, type TilePlanOptions } from "./tiles/plan-tiles.ts";
export type { TileFailure, TileMeans } from "./tiles/run-region.ts";
export { type RunTiledOptions, runTiled, type TiledReport } from "./tiles/run-tiled.ts";
