import { expected } from "@pixelmesh/errors";
import type { AvailableModel } from "../models/registry.ts";
import type { HostEvent } from "./events.ts";
import type { HostChoice, HostLease } from "./host-pool.ts";
import { toModelKey } from "./model-key.ts";
import type { PoolDevices } from "./pool-devices.ts";
import type { PooledHosts } from "./pooled-hosts.ts";
import type { PooledModels } from "./pooled-models.ts";
import { waitFor } from "./wait-for.ts";

/** The parts of a pool that a lease uses. */
export type LeaseParts = {
  readonly devices: PoolDevices;
  readonly hosts: PooledHosts;
  readonly models: PooledModels;
  readonly observe: (event: HostEvent) => void;
  /** Aborted when the pool closes. */
  readonly closing: AbortSignal;
  /** Called after each release. */
  readonly onRelease: () => void;
};

/** Leases a model and starts its host if needed; see `HostPool.acquire`. */
export async function acquireHost(
  { devices, hosts, models, observe, closing, onRelease }: LeaseParts,
  model: AvailableModel,
  { deviceId, narrowHostId, signal }: HostChoice = {},
): Promise<HostLease> {
  const { ids } = devices.narrowHosts(model, deviceId);
  if (narrowHostId !== undefined && !ids.includes(narrowHostId))
    throw expected("narrow_host_id", "a narrow host of the device", narrowHostId);
  const hostId = narrowHostId ?? devices.hostId(model, deviceId);
  const leases = models.leases(deviceId);
  const until = signal ? AbortSignal.any([signal, closing]) : closing;
  until.throwIfAborted();
  const isLoaded = leases.models().some(({ key }) => key === toModelKey(model));
  observe({ type: "acquired", model: model.name, isLoaded });
  await leases.acquire(model, until);
  leases.setPinned(model.name, models.pins.has(model.name));
  const pooled = hosts.open({ hostId, device: devices.find(deviceId), isNarrow: narrowHostId !== undefined }, model);
  pooled.leases++;
  models.idle.cancel(pooled, model);

  let isReleased = false;
  const release = () => {
    if (isReleased) return;
    isReleased = true;
    pooled.leases--;
    leases.release(model);
    onRelease();
    models.idle.restart(pooled, model);
  };
  try {
    return { host: await waitFor(pooled.starting, signal), release };
  } catch (error) {
    release();
    if (pooled.host === null && !hosts.isElsewhere(pooled, model)) leases.remove(model);
    throw error;
  }
}
