import type { AvailableModel } from "../models/registry.ts";
import type {
  HostDescription,
  HostLimits,
  HostThreads,
  InferenceHost,
  LoadReport,
  UnloadReport,
} from "./host-types.ts";
import type { Log } from "./log.ts";
import type { Provider } from "./provider.ts";

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
  /** A host that nobody has held for so long, and that holds no pinned model, is ended. Default 5 min. */
  readonly idleTtlMs?: number;
  /** How long `close` waits for hosts to be given back. Default 10 s. */
  readonly closeGraceMs?: number;
};

/** Which host is meant. */
export type HostChoice = { readonly deviceId?: string; readonly signal?: AbortSignal };

/** A host, held. While it is held it is not ended for being idle. */
export type HostLease = { readonly host: InferenceHost; readonly release: () => void };

/**
 * The inference hosts of one service: on each device one that light models share, and one of its own for each other model,
 * all started on first need.
 */
export type HostPool = {
  /** The id that the model's host has or would have. UNKNOWN devices throw INVALID_ARGUMENT. */
  readonly hostId: (model: AvailableModel, deviceId?: string) => string;
  /** The model's host, started if need be. STOPPING once the pool is closing. */
  readonly acquire: (model: AvailableModel, choice?: HostChoice) => Promise<HostLease>;
  readonly load: (model: AvailableModel, choice?: HostChoice & { readonly pin?: boolean }) => Promise<LoadReport>;
  /** Frees a model on every device; waits for its runs. */
  readonly unload: (name: string) => Promise<UnloadReport>;
  /** Ends a host that nobody holds; false where it is held or unknown. */
  readonly evict: (hostId: string) => Promise<boolean>;
  /** For every host, whichever of them the slot's tiles run in. */
  readonly renewGrant: (slotId: string, validMs: number) => void;
  readonly endGrant: (slotId: string) => void;
  /** The hosts there are, of one device or of all. */
  readonly describe: (deviceId?: string) => Promise<readonly HostDescription[]>;
  /** Waits for held hosts within the grace time, then ends all. */
  readonly close: () => Promise<void>;
};
