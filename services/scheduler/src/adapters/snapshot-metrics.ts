import type { Metrics } from "@pixelmesh/telemetry";
import { type WorkClass, workClasses } from "../domain/admission/slot-request.ts";
import { providerPrefix } from "../domain/devices/provider-report.ts";
import type { DeviceView, ProviderView, SchedulerSnapshot } from "../domain/snapshot.ts";

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
  const fresh = devices.filter(({ isFresh, kind }) => isFresh && kind !== "provider");
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
  exportProviders(devices, metrics);
}

/** Sets the metrics of the providers that have a fresh report; the series of all others are removed. */
function exportProviders(devices: readonly DeviceView[], metrics: Metrics): void {
  const providers = devices.flatMap(({ deviceId, provider, isFresh }) =>
    isFresh && provider ? [{ name: deviceId.slice(providerPrefix.length), ...provider }] : [],
  );
  const byClass = (valuesOf: (view: ProviderView) => Readonly<Record<WorkClass, number>>) =>
    providers.flatMap(({ name, ...view }) =>
      workClasses.map((workClass) => ({
        labels: { provider: name, work_class: workClass },
        value: valuesOf(view)[workClass],
      })),
    );
  metrics.setAll(
    "pixelmesh_provider_calls",
    byClass(({ calls }) => calls),
  );
  metrics.setAll(
    "pixelmesh_provider_call_limit",
    byClass(({ limits }) => limits),
  );
  metrics.setAll(
    "pixelmesh_provider_closed_seconds",
    providers.map(({ name, closedForMs }) => ({ labels: { provider: name }, value: closedForMs / 1_000 })),
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
  "pixelmesh_provider_calls",
  "pixelmesh_provider_call_limit",
  "pixelmesh_provider_closed_seconds",
] as const;

/** Removes all series of `exportSnapshot`: only the leader exports them. */
export function clearSnapshotMetrics(metrics: Metrics): void {
  for (const name of exportedNames) metrics.setAll(name, []);
}
