import type { Metrics } from "@pixelmesh/telemetry";
import type { DeviceView, SchedulerSnapshot } from "../domain/snapshot.ts";

const zoneNumbers = { green: 0, amber: 1, red: 2 } as const;

/** Sets the metrics of slots, queues and devices with fresh reports; removes the series of all other devices. */
export function exportSnapshot({ devices, queues }: SchedulerSnapshot, metrics: Metrics): void {
  metrics.setAll(
    "pixelmesh_slots_waiting",
    queues.map(({ workClass, waiting }) => ({ labels: { work_class: workClass }, value: waiting })),
  );
  metrics.setAll(
    "pixelmesh_slots",
    queues.map(({ workClass, running }) => ({ labels: { work_class: workClass }, value: running })),
  );
  const fresh = devices.filter(({ isFresh }) => isFresh);
  metrics.setAll(
    "pixelmesh_device_zone",
    fresh.map(({ deviceId, zone }) => ({ labels: { device: deviceId }, value: zoneNumbers[zone] })),
  );
  metrics.setAll(
    "pixelmesh_device_memory_bytes",
    fresh.flatMap((device) =>
      Object.entries(memoryByKind(device)).map(([kind, value]) => ({
        labels: { device: device.deviceId, kind },
        value,
      })),
    ),
  );
}

function memoryByKind(device: DeviceView) {
  return {
    total: device.totalBytes,
    observed: device.observedBytes,
    used: device.usedBytes,
    external: device.externalBytes,
    committed: device.committedBytes,
    quarantined: device.quarantinedBytes,
  };
}

const exportedNames = [
  "pixelmesh_slots_waiting",
  "pixelmesh_slots",
  "pixelmesh_device_zone",
  "pixelmesh_device_memory_bytes",
] as const;

/** Removes all series of `exportSnapshot`: only the leader exports them. */
export function clearSnapshotMetrics(metrics: Metrics): void {
  for (const name of exportedNames) metrics.setAll(name, []);
}
