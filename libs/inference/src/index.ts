export { type OnnxGraph, toOnnxBytes } from "./host/onnx-writer.ts";
export { assertModelFile, readModelFile } from "./models/check-file.ts";
export { type FileDigest, readFileDigest } from "./models/file-digest.ts";
export { type ModelClass, type ModelEntry, type ModelTask, parseManifest } from "./models/manifest.ts";
export { matteInputSize } from "./models/matte-size.ts";
export type { ModelSource } from "./models/model-source.ts";
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
export type { HostThreads } from "./protocol/messages.ts";
export type { Provider } from "./protocol/provider.ts";
export { createHostPool } from "./supervisor/create-host-pool.ts";
export type { EvictionCause, HostEndReason, HostEvent, RunOutcome } from "./supervisor/events.ts";
export type { EvictionRules } from "./supervisor/eviction-policy.ts";
export type {
  HostChoice,
  HostLease,
  HostPool,
  HostPoolOptions,
  NarrowHosts,
  PoolDevice,
} from "./supervisor/host-pool.ts";
export type {
  HostDescription,
  HostMemory,
  HostOptions,
  InferenceHost,
  LoadedModelReport,
  LoadReport,
  UnloadReport,
} from "./supervisor/inference-host.ts";
export { defaultHostLimits, type HostLimits } from "./supervisor/limits.ts";
export type { Log } from "./supervisor/log.ts";
export { startInferenceHost } from "./supervisor/supervised-host.ts";
export type { MatteResult, RunOptions, Tile, TileResult } from "./supervisor/tile.ts";
export type { Blend } from "./tiles/blend.ts";
export { estimatePeakBytes } from "./tiles/estimate-peak.ts";
export { planTiles, type Region, type Span, type TilePlan, type TilePlanOptions } from "./tiles/plan-tiles.ts";
export type { TileFailure, TileResources } from "./tiles/run-region.ts";
export { type RunTiledOptions, runTiled, type TiledReport } from "./tiles/run-tiled.ts";
