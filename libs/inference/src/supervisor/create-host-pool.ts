import { AppError } from "@pixelmesh/errors";
import { acquireHost, type LeaseParts } from "./acquire-host.ts";
import { createGrantTable } from "./grant-table.ts";
import type { HostPool, HostPoolOptions } from "./host-pool.ts";
import { createPoolDevices } from "./pool-devices.ts";
import { createPooledHosts, type PooledHosts } from "./pooled-hosts.ts";
import { createPooledModels } from "./pooled-models.ts";
import { unloadEverywhere } from "./unload-everywhere.ts";
import { waitFor } from "./wait-for.ts";

/** Creates the hosts of one service. Starts nothing before it is needed. */
export function createHostPool(options: HostPoolOptions): HostPool {
  const { observe = () => {}, closeGraceMs = 10_000 } = options;
  const grants = createGrantTable();
  const devices = createPoolDevices(options.name, options.devices);
  const hosts = createPooledHosts(options, grants, ({ device, isNarrow }, event) => {
    // A copy of a loaded model does not protect the model for longer.
    if (event.type === "loaded" && !isNarrow) models.leases(device.deviceId).recordLoad(event.model, event.loadMs);
    observe(event);
  });
  const models = createPooledModels(options, devices, hosts);
  const closing = new AbortController();
  let onRelease = () => {};
  const parts: LeaseParts = {
    devices,
    hosts,
    models,
    observe,
    closing: closing.signal,
    onRelease: () => onRelease(),
  };

  return {
    hostId: devices.hostId,
    narrowHosts: devices.narrowHosts,
    acquire: (model, choice) => acquireHost(parts, model, choice),
    pins: models.pins,
    pin: (name) => void models.pins.add(name),
    async load(model, { pin = false, ...choice } = {}) {
      const { host, release } = await acquireHost(parts, model, choice);
      try {
        const report = await host.load(model, { pin, ...(choice.signal ? { signal: choice.signal } : {}) });
        if (pin) models.pins.add(model.name);
        models.leases(choice.deviceId).setPinned(model.name, models.pins.has(model.name));
        return report;
      } finally {
        release();
      }
    },
    unload: (name, signal) => unloadEverywhere(name, options.devices, hosts, models, signal),
    evictionDelayMs: (model, deviceId) => models.leases(deviceId).evictionDelayMs(model),
    async evict(hostId, why = "evicted") {
      const pooled = hosts.find(hostId);
      if (pooled === undefined || pooled.leases > 0) return false;
      for (const model of pooled.models.values()) {
        models.idle.cancel(pooled, model);
        if (!hosts.isElsewhere(pooled, model)) models.leases(pooled.device.deviceId).remove(model);
      }
      await hosts.end(pooled, why);
      return true;
    },
    renewGrant: grants.renew,
    endGrant: grants.end,
    describe: hosts.describe,
    async close() {
      closing.abort(new AppError("STOPPING", "The inference hosts are closing"));
      models.idle.cancelAll();
      const nextRelease = () => new Promise<void>((resolve) => (onRelease = resolve));
      await waitForReleases(hosts, nextRelease, AbortSignal.timeout(closeGraceMs));
      await Promise.all(hosts.all().map((pooled) => hosts.end(pooled, "closed")));
    },
  };
}

/** Resolves when no host has a lease, or when the grace time is over. */
async function waitForReleases(hosts: PooledHosts, nextRelease: () => Promise<void>, grace: AbortSignal) {
  const isLeased = () => hosts.all().some(({ leases }) => leases > 0);
  while (isLeased() && !grace.aborted) await waitFor(nextRelease(), grace).catch(() => {});
}
