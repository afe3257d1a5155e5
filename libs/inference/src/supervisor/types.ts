import type { AvailableModel } from "../models/registry.ts";
import type { HostFault } from "../protocol/faults.ts";
import type { Provider } from "../protocol/provider.ts";
import type { HostEndReason, HostEvent } from "./events.ts";
import type { Log } from "./log.ts";

/** Threads of the CPU provider: inside one operator, and between operators. */
export type HostThreads = { readonly intraOp: number; readonly interOp: number };

/** Bounds of one inference host. */
export type HostLimits = {
  /** From spawn until the provider is proven. */
  readonly startTimeoutMs: number;
  /** Loading a model, its probe run included. */
  readonly loadTimeoutMs: number;
  /** One tile; a host that takes longer is killed. */
  readonly runTimeoutMs: number;
  /** How long `close` waits for the run in progress. */
  readonly closeGraceMs: number;
  /** Runs that may wait in a host; more are refused with QUEUE_FULL. */
  readonly maxPending: number;
  /** The longest wait before a host that keeps crashing is started again. */
  readonly maxBackOffMs: number;
  /** The process is replaced, between runs, after this many. */
  readonly recycleAfterRuns: number;
  /** The process is replaced, between runs, when its anonymous memory is above this, once it is `recycleMinAgeMs` old. */
  readonly recycleAboveBytes: number;
  readonly recycleMinAgeMs: number;
  /** How often an idle process is asked whether it is there, and within what time it has to answer; then it is killed. */
  readonly heartbeatMs: number;
};

/** What `startInferenceHost` needs. */
export type HostOptions = {
  /** Names the host in logs and reports. */
  readonly id: string;
  /** In order of preference; the first that can be proven is used. A provider not listed is never used. */
  readonly providers: readonly Provider[];
  /** Which of several GPUs. Default 0. */
  readonly deviceIndex?: number;
  /** The only GPU, or instance of one, that the process shall see: by UUID. */
  readonly gpuUuid?: string;
  readonly threads: HostThreads;
  readonly log: Log;
  readonly limits?: Partial<HostLimits>;
  /** Whether so many bytes more may be held for a moment, by a second process beside the first. Default: they may. */
  readonly hasRoom?: (bytes: number) => boolean;
  readonly observe?: (event: HostEvent) => void;
  /** For tests: what shall go wrong. */
  readonly faults?: readonly HostFault[];
};

/** Memory of a host's process. */
export type HostMemory = {
  /** What only this process holds, without mapped files: what a scheduler should count. */
  readonly anonymousBytes: number;
  readonly residentBytes: number;
};

/** Pixels for a model: rows top-down, interleaved, 8 bit; grey or RGB. */
export type Tile = {
  readonly widthPx: number;
  readonly heightPx: number;
  readonly channels: 1 | 3;
  readonly data: Uint8Array;
};

/** The model's answer to a tile: `scale` times its sides, as many channels. */
export type TileResult = Tile & {
  /** Of the session alone, without conversion and transport. */
  readonly runMs: number;
};

/** The values of a matte as the model gave them, not stretched. */
export type MatteResult = {
  readonly widthPx: number;
  readonly heightPx: number;
  readonly data: Float32Array;
  readonly runMs: number;
};

/** What every run takes. */
export type RunOptions = {
  /** The slot this run belongs to. Where given, the host refuses with GRANT_EXPIRED unless its grant is still valid. */
  readonly slotId?: string;
  readonly signal?: AbortSignal;
  /** Where the answer is to lie, if it has as many bytes: not to be touched before the run has settled. */
  readonly into?: Uint8Array | undefined;
  /** Whether a failure is worth a second try on a fresh process. Default true. */
  readonly repeat?: boolean;
};

/** What loading a model did. */
export type LoadReport = {
  readonly wasLoaded: boolean;
  readonly provider: Provider;
  readonly loadMs: number;
  readonly memoryBeforeBytes: number;
  readonly memoryAfterBytes: number;
};

/** What unloading a model did. */
export type UnloadReport = {
  readonly wasLoaded: boolean;
  readonly memoryBeforeBytes: number;
  readonly memoryAfterBytes: number;
};

/** A model in a host, as device reports list it. */
export type ResidentModelReport = {
  readonly name: string;
  readonly digest: string;
  readonly provider: Provider;
  readonly residentBytes: number;
  readonly pinned: boolean;
  readonly lastUsedUnixMs: number;
};

/** A host as device reports list it. `usedBytes` is 0 where no process runs. */
export type HostDescription = {
  readonly hostId: string;
  readonly provider: Provider | null;
  readonly pid: number | null;
  readonly usedBytes: number;
  readonly busy: boolean;
  readonly models: readonly ResidentModelReport[];
};

/**
 * A child process that holds models and runs them. It is supervised: a run whose process dies or fails, or whose answer
 * cannot be right, is done once more on a fresh process, which loads what it needs; then it rejects with INFERENCE_FAILED or
 * RESULT_INVALID. OUT_OF_MEMORY is never repeated as it is. A run that is aborted rejects once the process has stopped working
 * on it, so that memory given back is really free.
 */
export type InferenceHost = {
  readonly id: string;
  /** The proven provider of the process that runs now or ran last. */
  readonly provider: Provider;
  /** Loads a model, once however many ask. MODEL_INVALID where the file is not what its entry says. */
  readonly load: (model: AvailableModel, options?: { pin?: boolean; signal?: AbortSignal }) => Promise<LoadReport>;
  /** Frees a model; waits for its runs. */
  readonly unload: (name: string) => Promise<UnloadReport>;
  /** Runs one tile of an upscaler, loading the model where it is not resident. */
  readonly runTile: (model: AvailableModel, tile: Tile, options?: RunOptions) => Promise<TileResult>;
  /** Runs one RGB picture of the model's own size through a matte model. */
  readonly runMatte: (model: AvailableModel, picture: Tile, options?: RunOptions) => Promise<MatteResult>;
  /** Makes tiles of this slot acceptable for `validMs` from now. */
  readonly renewGrant: (slotId: string, validMs: number) => void;
  /** Forgets a slot; its tiles are refused from here on. */
  readonly endGrant: (slotId: string) => void;
  readonly memory: () => Promise<HostMemory>;
  readonly describe: () => Promise<HostDescription>;
  /** Waits for the run in progress within the grace time, then ends the process. Repeating it is safe. */
  readonly close: (why?: HostEndReason) => Promise<void>;
};
