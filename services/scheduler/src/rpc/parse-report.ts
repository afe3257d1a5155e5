import { expected } from "@pixelmesh/errors";
import { type CallLimits, DeviceKind, type DeviceReport as DeviceReportMessage } from "@pixelmesh/proto";
import type { DeviceReport } from "../domain/devices/device-report.ts";
import { isProviderId, type ProviderReport, providerPrefix } from "../domain/devices/provider-report.ts";

/** Names with a limit of their own, of the models or of the tenants of one provider. */
const maxNames = 1_024;
const maxWhyLength = 200;

/** Parses the report of one device; throws INVALID_ARGUMENT with its `path` in the message. */
export function parseReport(report: DeviceReportMessage, path: string): DeviceReport {
  const { deviceId, kind, totalBytes, observedBytes } = report;
  if (deviceId === "") throw expected(`${path}.device_id`, "the id of a device", deviceId);
  const { name, computeTokens, hosts, ownProcessBytes, processesHidden } = report;
  const common = { deviceId, name, totalBytes, observedBytes, computeTokens, hosts, ownProcessBytes, processesHidden };
  if ((kind === DeviceKind.PROVIDER) !== isProviderId(deviceId))
    throw expected(`${path}.device_id`, `\`${providerPrefix}…\` for a provider and no other device`, deviceId);
  if (kind === DeviceKind.PROVIDER)
    return { ...common, kind: "provider", totalBytes: 0, observedBytes: 0, provider: parseProvider(report, path) };
  if (!(totalBytes > 0)) throw expected(`${path}.total_bytes`, "above 0", totalBytes);
  if (!(observedBytes >= 0)) throw expected(`${path}.observed_bytes`, "0 or more", observedBytes);
  if (kind !== DeviceKind.GPU && kind !== DeviceKind.HOST_MEMORY)
    throw expected(`${path}.kind`, "HOST_MEMORY, GPU or PROVIDER", kind);
  return { ...common, kind: kind === DeviceKind.GPU ? "gpu" : "memory" };
}

function parseProvider(
  { callLimits, closedForMs, closedWhy, probing }: DeviceReportMessage,
  path: string,
): ProviderReport {
  if (callLimits === undefined) throw expected(`${path}.call_limits`, "the limits of a provider", "none");
  assertLimits(callLimits, `${path}.call_limits`);
  if (!(closedForMs >= 0)) throw expected(`${path}.closed_for_ms`, "0 or more", closedForMs);
  const { light, heavy, exclusive, models, tenants } = callLimits;
  return {
    limits: { light, heavy, exclusive, models, tenants },
    closedForMs,
    closedWhy: closedWhy.slice(0, maxWhyLength),
    isProbing: probing,
  };
}

function assertLimits({ light, heavy, exclusive, models, tenants }: CallLimits, path: string): void {
  const named = { light, heavy, exclusive };
  for (const [name, limit] of Object.entries(named))
    if (!(limit >= 0)) throw expected(`${path}.${name}`, "0 or more", limit);
  for (const [field, limits] of Object.entries({ models, tenants })) {
    const entries = Object.entries(limits);
    if (entries.length > maxNames) throw expected(`${path}.${field}`, `at most ${maxNames} entries`, entries.length);
    for (const [name, limit] of entries)
      if (!(limit >= 0)) throw expected(`${path}.${field}.${name}`, "0 or more", limit);
  }
}
