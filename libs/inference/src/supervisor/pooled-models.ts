import type { AvailableModel } from "../models/registry.ts";
import type { EvictionRules } from "./eviction-policy.ts";
import type { HostPoolOptions } from "./host-pool.ts";
import { createIdleTimers, type IdleTimers } from "./idle-timers.ts";
import { toModelKey } from "./model-key.ts";
import { createModelLeases, type ModelLeases } from "./model-leases.ts";
import type { PoolDevices } from "./pool-devices.ts";
import type { PooledHost, PooledHosts } from "./pooled-hosts.ts";

/** The models of a pool: their leases on each device, which are pinned, and the timers of idle ones. */
export type PooledModels = {
  /** Names of pinned models. */
  readonly pins: Set<string>;
  readonly idle: IdleTimers;
  /** The leases on a device. Throws INVALID_ARGUMENT for an unknown device. */
  readonly leases: (deviceId?: string) => ModelLeases;
};

/** Narrow hosts are for bursts of work: each of them takes the memory of a model once more. */
const narrowIdleTtlMs = 30_000;

const noLimits: EvictionRules = { maxBytes: Number.POSITIVE_INFINITY, maxModels: 1_000, minResidentMs: 0 };

/** Creates the models of a pool without any. Evicted and idle models are unloaded from `hosts`. */
export function createPooledModels(options: HostPoolOptions, devices: PoolDevices, hosts: PooledHosts): PooledModels {
  const { log, observe, idleTtlMs = 300_000 } = options;
  const rules = { ...noLimits, ...options.eviction };
  const pins = new Set<string>();
  const leasesOf = new Map(options.devices.map(({ deviceId }) => [deviceId, createLeases(deviceId)]));
  const leases = (deviceId?: string) => leasesOf.get(devices.find(deviceId).deviceId) as ModelLeases;
  const ttlMs = ({ isNarrow }: PooledHost) => (isNarrow ? Math.min(idleTtlMs, narrowIdleTtlMs) : idleTtlMs);
  const idle = createIdleTimers(ttlMs, (pooled, model) => void unloadIfIdle(pooled, model));

  function createLeases(deviceId: string): ModelLeases {
    return createModelLeases(rules, {
      async use() {
        const described = await hosts.describe(deviceId);
        const copies = new Set(idleCopies(deviceId).map(({ hostId }) => hostId));
        const use = { bytes: 0, copyBytes: 0 };
        for (const { hostId, usedBytes } of described) use[copies.has(hostId) ? "copyBytes" : "bytes"] += usedBytes;
        return use;
      },
      async endCopies() {
        await Promise.all(idleCopies(deviceId).map(endCopy));
      },
      async evict(model, why) {
        log.info({ model: model.name, why }, "model is evicted for another one");
        observe?.({ type: "evicted", model: model.name, why });
        const holders = hosts.all(deviceId).filter(({ models }) => models.has(toModelKey(model)));
        await Promise.all(holders.map((pooled) => unload(pooled, model, "evicted")));
      },
    });
  }

  /** The narrow hosts without a lease that hold no model alone. */
  function idleCopies(deviceId: string): readonly PooledHost[] {
    const isCopy = (pooled: PooledHost) => [...pooled.models.values()].every((model) => isInMainHost(pooled, model));
    return hosts.all(deviceId).filter((pooled) => pooled.isNarrow && pooled.leases === 0 && isCopy(pooled));
  }

  function isInMainHost({ device }: PooledHost, model: AvailableModel): boolean {
    return hosts.all(device.deviceId).some(({ isNarrow, models }) => !isNarrow && models.has(toModelKey(model)));
  }

  async function endCopy(pooled: PooledHost): Promise<void> {
    for (const model of pooled.models.values()) idle.cancel(pooled, model);
    log.info({ host: pooled.hostId }, "idle narrow host ends to make memory free for a model");
    await hosts.end(pooled, "evicted");
  }

  async function unloadIfIdle(pooled: PooledHost, model: AvailableModel): Promise<void> {
    const deviceLeases = leases(pooled.device.deviceId);
    const entry = deviceLeases.models().find(({ key }) => key === toModelKey(model));
    // Pins keep a model in the host of all threads.
    if (!pooled.isNarrow && pins.has(model.name)) return;
    // A narrow host that is used at times is not idle; a lease elsewhere does not use it.
    if ((pooled.isNarrow ? pooled.leases : (entry?.leases ?? 0)) > 0) return idle.restart(pooled, model);
    if (!hosts.isElsewhere(pooled, model)) deviceLeases.remove(model);
    log.info({ host: pooled.hostId, model: model.name, idleMs: ttlMs(pooled) }, "model is idle and is unloaded");
    await unload(pooled, model, "idle");
  }

  /** Unloads a model. A host without models ends, because only that releases all of its memory. */
  async function unload(pooled: PooledHost, model: AvailableModel, why: "evicted" | "idle"): Promise<void> {
    idle.cancel(pooled, model);
    pooled.models.delete(toModelKey(model));
    if (pooled.models.size === 0 && pooled.leases === 0) await hosts.end(pooled, why);
    else await pooled.host?.unload(model.name);
  }

  return { pins, idle, leases };
}
