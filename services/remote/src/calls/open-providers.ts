import { DeviceKind, type DeviceReport } from "@pixelmesh/proto";
import { version } from "@pixelmesh/roles";
import type { ServiceBase } from "@pixelmesh/service";
import type { Manifest, ManifestProvider } from "../domain/manifest.ts";
import { createProvider, type RemoteProvider } from "../providers/create-provider.ts";
import type { OpenProvider } from "./call-parts.ts";
import { createProviderGate } from "./provider-gate.ts";

/** Opens the providers of a manifest, by name. `onClosed` is called when one is closed. */
export function openProviders(
  { log, metrics }: Pick<ServiceBase, "log" | "metrics">,
  manifest: Manifest,
  onClosed: () => void,
): ReadonlyMap<string, OpenProvider<RemoteProvider>> {
  const clock = { nowMs: () => performance.now() };
  return new Map(
    manifest.providers.map((settings) => {
      const { name } = settings;
      const gate = createProviderGate(name, clock, (cause, forMs) => {
        metrics.count("pixelmesh_provider_closings_total", { provider: name, cause });
        log.warn({ provider: name, cause, forMs: Math.round(forMs) }, "provider closed");
        onClosed();
      });
      const provider = createProvider(settings, { userAgent: `pixelmesh/${version}` });
      return [name, { settings, provider, gate }] as const;
    }),
  );
}

/** Describes a provider to the scheduler: its calls are its capacity. */
export function toDeviceReport({ settings, gate }: OpenProvider): DeviceReport {
  const { announcedForMs: closedForMs, closedWhy, isProbing } = gate.read();
  return {
    deviceId: `provider/${settings.name}`,
    kind: DeviceKind.PROVIDER,
    name: toDeviceName(settings),
    totalBytes: 0,
    observedBytes: 0,
    computeTokens: 0,
    hosts: [],
    ownProcessBytes: 0,
    processesHidden: false,
    callLimits: { ...settings.limits, models: { ...settings.limits.models }, tenants: { ...settings.limits.tenants } },
    closedForMs,
    closedWhy,
    probing: isProbing,
  };
}

function toDeviceName({ name, kind }: ManifestProvider): string {
  return `${name} (${kind})`;
}
