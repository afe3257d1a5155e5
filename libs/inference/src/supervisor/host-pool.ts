import type { AvailableModel } from "../models/registry.ts";
import type { HostFault } from "../protocol/faults.ts";
import type { HostThreads } from "../protocol/messages.ts";
import type { Provider } from "../protocol/provider.ts";
import type { HostEndReason, HostEvent } from "./events.ts";
import type { EvictionRules } from "./eviction-policy.ts";
import type { HostDescription, InferenceHost, LoadReport, UnloadReport } from "./inference-host.ts";
import type { HostLimits } from "./limits.ts";
import type { Log } from "./log.ts";

/** A device that hosts may be started on. */
export type PoolDevice = {
  /** Its id at the scheduler. */
  readonly deviceId: string;
  /** In order of preference; the first that can be proven is used. */
  readonly providers: readonly Provider[];
  /** Index of the GPU to use. Default 0. */
  readonly deviceIndex?: number;
  /** UUID of the only GPU, or MIG instance, that its hosts may see. */
  readonly gpuUuid?: string;
  readonly threads: HostThreads;
  /** Further hosts of fewer threads that run models side by side. Default: none. */
  readonly narrowHosts?: NarrowHosts;
};

/** The narrow hosts of a device: they have few threads each, run side by side, and take one slot at a time. */
export type NarrowHosts = { readonly count: number; readonly threads: HostThreads };

/** The host ids of a model's narrow hosts, and the compute tokens of a run in one of them. */
export type NarrowPlaces = { readonly ids: readonly string[]; readonly tokens: number };

/** Options of `createHostPool`. */
export type HostPoolOptions = {
  /** Name of the service's instance; host ids begin with it. */
  readonly name: string;
  /** At least one. Calls without a device use the first. */
  readonly devices: readonly PoolDevice[];
  readonly log: Log;
  readonly limits?: Partial<HostLimits>;
  /** A model without a lease for this long is unloaded unless it is pinned; its host ends with its last model. Default 5 min. */
  readonly idleTtlMs?: number;
  /** What each device may hold. Default: no limit. */
  readonly eviction?: Partial<EvictionRules>;
  /** Whether a second process of `bytes` may run on a device for a moment. Default: always true. */
  readonly hasFreeMemory?: (deviceId: string, bytes: number) => boolean;
  readonly observe?: (event: HostEvent) => void;
  /** Faults to inject into the hosts, for tests. */
  readonly faults?: readonly HostFault[];
  /** How long `close` waits for leases to be released. Default 10 s. */
  readonly closeGraceMs?: number;
};

/** Selects the device of a call, and a narrow host by its id. Default: the first device, the host of all threads. */
export type HostChoice = { readonly deviceId?: string; readonly narrowHostId?: string; readonly signal?: AbortSignal };

/** A model lease with its host. Until `release` the model is not unloaded and the host does not end. `release` is idempotent. */
export type HostLease = { readonly host: InferenceHost; readonly release: () => void };

/**
 * The inference hosts of one service. On each device, light models share one host and every other model has its own; narrow hosts are
 * shared in the same way. Hosts start on first use.
 */
export type HostPool = {
  /** The id that the model's host has or would have. Throws INVALID_ARGUMENT for an unknown device. */
  readonly hostId: (model: AvailableModel, deviceId?: string) => string;
  /** The narrow hosts that may run the model. Throws INVALID_ARGUMENT for an unknown device. */
  readonly narrowHosts: (model: AvailableModel, deviceId?: string) => NarrowPlaces;
  /**
   * Leases a model and starts its host if needed. Evicts the least recently used models without a lease, or waits for a
   * release, until the model may be loaded. Rejects with STOPPING while the pool is closing.
   */
  readonly acquire: (model: AvailableModel, choice?: HostChoice) => Promise<HostLease>;
  readonly load: (model: AvailableModel, choice?: HostChoice & { readonly pin?: boolean }) => Promise<LoadReport>;
  /** Unloads a model on every device, pinned or not, once it has no lease. */
  readonly unload: (name: string, signal?: AbortSignal) => Promise<UnloadReport>;
  /** How long a caller should wait before it acquires the model, so that it does not evict one that was just loaded; ms. */
  readonly evictionDelayMs: (model: AvailableModel, deviceId?: string) => Promise<number>;
  /** Names of the pinned models, loaded or not. `unload` removes a name. */
  readonly pins: ReadonlySet<string>;
  /** Pins a model once it is loaded. Loads nothing. */
  readonly pin: (name: string) => void;
  /** Ends a host without leases. Returns false if it has leases or is unknown. */
  readonly evict: (hostId: string, why?: HostEndReason) => Promise<boolean>;
  /** Makes runs of a slot acceptable in every host for `validMs` from now. */
  readonly renewGrant: (slotId: string, validMs: number) => void;
  readonly endGrant: (slotId: string) => void;
  /** The started hosts of one device, or of all. */
  readonly describe: (deviceId?: string) => Promise<readonly HostDescription[]>;
  /** Waits for releases within the grace time, then ends all hosts. */
  readonly close: () => Promise<void>;
};
