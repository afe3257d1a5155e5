import type { HostReport } from "@pixelmesh/proto";
import type { Metrics } from "@pixelmesh/telemetry";
import type { DeviceOwner } from "../devices/report-devices.ts";
import { toGpuReport } from "./gpu-devices.ts";
import { exportHosts } from "./host-metrics.ts";
import type { Models } from "./open-models.ts";

/** Reports the hosts of a pool to the scheduler and evicts them when it asks. */
export function toDeviceOwner({ pool, gpus }: Models, metrics: Metrics): DeviceOwner {
  return {
    describeGpus: () =>
      Promise.all((gpus?.gpus() ?? []).map(async (gpu) => toGpuReport(gpu, await pool.describe(gpu.deviceId)))),
    async describeHosts(): Promise<HostReport[]> {
      const hosts = await pool.describe();
      exportHosts(metrics, hosts);
      return hosts.map(({ hostId, usedBytes, busy, models }) => ({
        hostId,
        usedBytes,
        busy,
        models: models.map((model) => ({ ...model })),
      }));
    },
    async evictHost(hostId) {
      await pool.evict(hostId);
    },
    async cleanUp() {
      const idle = (await pool.describe()).filter(({ busy, models }) => !busy && !models.some(({ pinned }) => pinned));
      await Promise.all(idle.map(({ hostId }) => pool.evict(hostId)));
    },
  };
}
