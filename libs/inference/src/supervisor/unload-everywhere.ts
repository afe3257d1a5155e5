import type { PoolDevice } from "./host-pool.ts";
import type { UnloadReport } from "./inference-host.ts";
import type { PooledHost, PooledHosts } from "./pooled-hosts.ts";
import type { PooledModels } from "./pooled-models.ts";

/** Unpins a model and unloads it on every device once it has no lease. Returns the sum of the reports. */
export async function unloadEverywhere(
  name: string,
  devices: readonly PoolDevice[],
  hosts: PooledHosts,
  models: PooledModels,
  signal?: AbortSignal,
): Promise<UnloadReport> {
  models.pins.delete(name);
  const reports = await Promise.all(
    devices.map(async ({ deviceId }) => {
      const leases = models.leases(deviceId);
      leases.setPinned(name, false);
      const entries = leases.models().filter(({ model }) => model.name === name);
      const unload = () => Promise.all(hosts.all(deviceId).map((pooled) => unloadFrom(pooled, name)));
      return leases.unload(
        entries.map(({ model }) => model),
        unload,
        signal,
      );
    }),
  );
  return reports.flat().reduce(addReport, { wasLoaded: false, memoryBeforeBytes: 0, memoryAfterBytes: 0 });
}

async function unloadFrom(pooled: PooledHost, name: string): Promise<UnloadReport | undefined> {
  for (const [key, model] of pooled.models) if (model.name === name) pooled.models.delete(key);
  return pooled.host?.unload(name);
}

/** Hosts that did not hold the model do not count. */
function addReport(sum: UnloadReport, report: UnloadReport | undefined): UnloadReport {
  if (!report?.wasLoaded) return sum;
  return {
    wasLoaded: true,
    memoryBeforeBytes: sum.memoryBeforeBytes + report.memoryBeforeBytes,
    memoryAfterBytes: sum.memoryAfterBytes + report.memoryAfterBytes,
  };
}
