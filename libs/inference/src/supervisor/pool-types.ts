import type { AvailableModel } from "../models/registry.ts";
import type { HostFault } from "../protocol/faults.ts";
import type { Provider } from "../protocol/provider.ts";
import type { HostEndReason, HostEvent } from "./events.ts";
import type { RoomRules } from "./eviction-policy.ts";
import type { Log } from "./log.ts";
import type { HostDescription, HostLimits, HostThreads, InferenceHost, LoadReport, UnloadReport } from "./types.ts";

/** A device that hosts may be started on. */
export type PoolDevice = {
  /** As the scheduler knows it. */
  readonly deviceId: string;
  /** In order of preference; the first that can be proven is used. */
  readonly providers: readonly Provider[];
  /** Which of several GPUs. Default 0. */
  readonly deviceIndex?: number;
  /** The only GPU, or instance of one, that its hosts shall see: by UUID. */
  readonly gpuUuid?: string;
  readonly threads: HostThreads;
};

/** What `createHostPool` needs. */
export type HostPoolOptions = {
  /** Of the service's instance; host ids begin with it. */
  readonly name: string;
  /** At least one; the first is the one that calls without a device mean. */
  readonly devices: readonly PoolDevice[];
  readonly log: Log;
  readonly limits?: Partial<HostLimits>;
  /** A model that nobody has held for so long is unloaded unless it is pinned, its host ended with the last. Default 5 min. */
  readonly idleTtlMs?: number;
  /** What may be resident on each device. Default: everything, for as long as it likes. */
  readonly room?: Partial<RoomRules>;
  /** Whether so many bytes of a device may be held for a moment by a second process. Default: they may. */
  readonly hasRoom?: (deviceId: string, bytes: number) => boolean;
  readonly observe?: (event: HostEvent) => void;
  /** For tests: what shall go wrong in the hosts. */
  readonly faults?: readonly HostFault[];
  /** How long `close` waits for hosts to be given back. Default 10 s. */
  readonly closeGraceMs?: number;
};

/** Which host is meant. */
export type HostChoice = { readonly deviceId?: string; readonly signal?: AbortSignal };

/** A model's host, held. While it is held neither is unloaded or ended. */
export type HostLease = { readonly host: InferenceHost; readonly release: () => void };

/**
 * The inference hosts of one service: on each device one that light models share, and one of its own for each other model,
 * all started on first need.
 */
export type HostPool = {
  /** The id that the model's host has or would have. UNKNOWN devices throw INVALID_ARGUMENT. */
  readonly hostId: (model: AvailableModel, deviceId?: string) => string;
  /**
   * The model's host, started if need be, once there is room for the model: others that nobody holds are unloaded for it, least
   * recently used first, or somebody's release is waited for. STOPPING once the pool is closing.
   */
  readonly acquire: (model: AvailableModel, choice?: HostChoice) => Promise<HostLease>;
  readonly load: (model: AvailableModel, choice?: HostChoice & { readonly pin?: boolean }) => Promise<LoadReport>;
  /** Frees a model on every device, pinned or not, once nobody holds it. */
  readonly unload: (name: string, signal?: AbortSignal) => Promise<UnloadReport>;
  /** How long a model had better wait before it is asked for, so as not to displace one that has only just come. */
  readonly patienceMs: (model: AvailableModel, deviceId?: string) => Promise<number>;
  /** Names of the models that are to stay: pinned, and not unloaded since. They may not be here yet, or not any more. */
  readonly pins: ReadonlySet<string>;
  /** Says that a model shall stay once it is here. Loads nothing. */
  readonly pin: (name: string) => void;
  /** Ends a host that nobody holds; false where it is held or unknown. */
  readonly evict: (hostId: string, why?: HostEndReason) => Promise<boolean>;
  /** For every host, whichever of them the slot's tiles run in. */
  readonly renewGrant: (slotId: string, validMs: number) => void;
  readonly endGrant: (slotId: string) => void;
  /** The hosts there are, of one device or of all. */
  readonly describe: (deviceId?: string) => Promise<readonly HostDescription[]>;
  /** Waits for held hosts within the grace time, then ends all. */
  readonly close: () => Promise<void>;
};
