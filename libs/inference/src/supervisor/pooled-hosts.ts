import type { AvailableModel } from "../models/registry.ts";
import type { HostEndReason, HostEvent } from "./events.ts";
import type { GrantTable } from "./grant-table.ts";
import type { HostPoolOptions, PoolDevice } from "./host-pool.ts";
import type { HostDescription, HostOptions, InferenceHost } from "./inference-host.ts";
import { toModelKey } from "./model-key.ts";
import { startInferenceHost } from "./supervised-host.ts";

/** A host of a pool, from its start until it is ended. */
export type PooledHost = {
  readonly hostId: string;
  readonly device: PoolDevice;
  /** Whether it is one of the device's narrow hosts. */
  readonly isNarrow: boolean;
  readonly starting: Promise<InferenceHost>;
  /** Null until it has started. */
  host: InferenceHost | null;
  /** By `toModelKey`. */
  readonly models: Map<string, AvailableModel>;
  /** Number of current model leases. */
  leases: number;
};

/** Where a host is or would be. */
type HostPlace = Pick<PooledHost, "hostId" | "device" | "isNarrow">;

/** The hosts of a pool. */
export type PooledHosts = {
  /** The host of that id. Starts it if there is none. */
  readonly open: (place: HostPlace, model: AvailableModel) => PooledHost;
  readonly find: (hostId: string) => PooledHost | undefined;
  readonly all: (deviceId?: string) => readonly PooledHost[];
  /** Whether another host of the same device has the model. */
  readonly isElsewhere: (pooled: PooledHost, model: AvailableModel) => boolean;
  /** Removes and closes a host. A later `open` of the same id starts a new one. */
  readonly end: (pooled: PooledHost, why: HostEndReason) => Promise<void>;
  readonly describe: (deviceId?: string) => Promise<readonly HostDescription[]>;
};

/** Creates an empty set of hosts. `observe` receives the events of each host with its place. */
export function createPooledHosts(
  options: HostPoolOptions,
  grants: GrantTable,
  observe: (place: HostPlace, event: HostEvent) => void,
): PooledHosts {
  const hosts = new Map<string, PooledHost>();
  const provenModels = new Set<string>();
  const all: PooledHosts["all"] = (deviceId) =>
    [...hosts.values()].filter(({ device }) => deviceId === undefined || device.deviceId === deviceId);

  return {
    open({ hostId, device, isNarrow }, model) {
      const known = hosts.get(hostId);
      const key = toModelKey(model);
      known?.models.set(key, model);
      if (known) return known;
      const place = { hostId, device, isNarrow };
      const onEvent = (event: HostEvent) => observe(place, event);
      const starting = startInferenceHost({ ...toHostOptions(place, options, onEvent), provenModels }, grants);
      const models = new Map([[key, model]]);
      const pooled: PooledHost = { hostId, device, isNarrow, starting, host: null, models, leases: 0 };
      hosts.set(hostId, pooled);
      starting.then(
        (host) => {
          pooled.host = host;
        },
        () => hosts.delete(hostId),
      );
      return pooled;
    },
    find: (hostId) => hosts.get(hostId),
    all,
    isElsewhere: (pooled, model) =>
      all(pooled.device.deviceId).some((each) => each !== pooled && each.models.has(toModelKey(model))),
    async end(pooled, why) {
      if (hosts.get(pooled.hostId) === pooled) hosts.delete(pooled.hostId);
      await (await pooled.starting.catch(() => null))?.close(why);
    },
    async describe(deviceId) {
      const described = await Promise.all(all(deviceId).map(describe));
      return described.flat();
    },
  };
}

function toHostOptions(
  { hostId: id, device, isNarrow }: HostPlace,
  { log, limits, hasFreeMemory, faults }: HostPoolOptions,
  observe: (event: HostEvent) => void,
): HostOptions {
  const { deviceId, narrowHosts, ...host } = device;
  return {
    ...host,
    ...(isNarrow && narrowHosts ? { threads: narrowHosts.threads } : {}),
    id,
    log,
    observe,
    ...(limits ? { limits } : {}),
    ...(hasFreeMemory ? { hasFreeMemory: (bytes) => hasFreeMemory(deviceId, bytes) } : {}),
    ...(faults ? { faults } : {}),
  };
}

async function describe({ host, leases }: PooledHost): Promise<HostDescription[]> {
  const description = await host?.describe();
  // A host with a lease is between two tiles at most: it is not idle.
  return description ? [{ ...description, busy: description.busy || leases > 0 }] : [];
}
