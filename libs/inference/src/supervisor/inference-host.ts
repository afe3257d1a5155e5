import type { AvailableModel } from "../models/registry.ts";
import type { HostFault } from "../protocol/faults.ts";
import type { HostThreads } from "../protocol/messages.ts";
import type { Provider } from "../protocol/provider.ts";
import type { HostEndReason, HostEvent } from "./events.ts";
import type { HostLimits } from "./limits.ts";
import type { Log } from "./log.ts";
import type { MatteResult, RunOptions, Tile, TileResult } from "./tile.ts";

/** Options of `startInferenceHost`. */
export type HostOptions = {
  /** Names the host in logs and reports. */
  readonly id: string;
  /** In order of preference; the first that can be proven is used. A provider not listed is never used. */
  readonly providers: readonly Provider[];
  /** Index of the GPU to use. Default 0. */
  readonly deviceIndex?: number;
  /** UUID of the only GPU, or MIG instance, that the process may see. */
  readonly gpuUuid?: string;
  readonly threads: HostThreads;
  readonly log: Log;
  readonly limits?: Partial<HostLimits>;
  /** Whether a second process of `bytes` may run beside the first for a moment. Default: always true. */
  readonly hasFreeMemory?: (bytes: number) => boolean;
  readonly observe?: (event: HostEvent) => void;
  /** Keys of models that some host has run, which this one need not prove on a processor; it adds its own. Default: none. */
  readonly provenModels?: Set<string>;
  /** Faults to inject, for tests. */
  readonly faults?: readonly HostFault[];
};

/** Memory of a host's processes. */
export type HostMemory = {
  /** Memory of these processes alone, without mapped files: the figure that a scheduler should count. */
  readonly anonymousBytes: number;
  readonly residentBytes: number;
};

/** The outcome of loading a model. */
export type LoadReport = {
  readonly wasLoaded: boolean;
  readonly provider: Provider;
  readonly loadMs: number;
  readonly memoryBeforeBytes: number;
  readonly memoryAfterBytes: number;
};

/** The outcome of unloading a model. */
export type UnloadReport = {
  readonly wasLoaded: boolean;
  readonly memoryBeforeBytes: number;
  readonly memoryAfterBytes: number;
};

/** A model in a host, as device reports list it. */
export type LoadedModelReport = {
  readonly name: string;
  readonly digest: string;
  readonly provider: Provider;
  readonly residentBytes: number;
  readonly pinned: boolean;
  readonly lastUsedUnixMs: number;
};

/** A host as device reports list it. `usedBytes` is 0 if no process runs. */
export type HostDescription = {
  readonly hostId: string;
  readonly provider: Provider | null;
  readonly pid: number | null;
  readonly usedBytes: number;
  readonly busy: boolean;
  readonly models: readonly LoadedModelReport[];
};

/**
 * A supervised child process that loads and runs models. A run is retried once on a fresh process, which loads what it needs,
 * if the process dies, the run fails, or its result cannot be right; then it rejects with INFERENCE_FAILED or RESULT_INVALID.
 * OUT_OF_MEMORY is never retried here. An aborted run rejects once the process has stopped working on it, so that memory
 * that is released afterwards is really free.
 */
export type InferenceHost = {
  readonly id: string;
  /** The proven provider of the current process, or of the last one. */
  readonly provider: Provider;
  /** Loads a model; concurrent calls share one load. Rejects with MODEL_INVALID if the file does not match its entry. */
  readonly load: (model: AvailableModel, options?: { pin?: boolean; signal?: AbortSignal }) => Promise<LoadReport>;
  /** Unloads a model after its runs. */
  readonly unload: (name: string) => Promise<UnloadReport>;
  /** Runs one tile of an upscaler. Loads the model if it is not loaded. */
  readonly runTile: (model: AvailableModel, tile: Tile, options?: RunOptions) => Promise<TileResult>;
  /** Runs one RGB picture of the model's own size through a matte model. */
  readonly runMatte: (model: AvailableModel, picture: Tile, options?: RunOptions) => Promise<MatteResult>;
  /** Makes tiles of this slot acceptable for `validMs` from now. */
  readonly renewGrant: (slotId: string, validMs: number) => void;
  /** Removes a slot's grant; its tiles are refused from now on. */
  readonly endGrant: (slotId: string) => void;
  readonly memory: () => Promise<HostMemory>;
  readonly describe: () => Promise<HostDescription>;
  /** Waits for the run in progress within the grace time, then ends the process. Idempotent. */
  readonly close: (why?: HostEndReason) => Promise<void>;
};
