import type { GetClusterResponse } from "@pixelmesh/client";
import { toEnumWord } from "@pixelmesh/json-views";
import { DeviceKind, WorkClass, Zone } from "@pixelmesh/proto";
import { toShortSize, toShortTime, toTable } from "./text.ts";

/** Formats services, devices, slots and queues as tables. */
export function describeCluster(cluster: GetClusterResponse): string {
  const services = cluster.services.map((it) => [
    it.service,
    it.instance,
    it.version,
    it.grpcAddress,
    it.healthAddress,
    it.metricsUrl,
    String(it.pid),
    toShortTime(Math.max(0, cluster.asOfUnixMs - it.startedUnixMs)),
  ]);
  const isProvider = ({ kind }: { readonly kind: DeviceKind }) => kind === DeviceKind.PROVIDER;
  const providers = cluster.devices.filter(isProvider).map(toProviderRow);
  const devices = cluster.devices
    .filter((it) => !isProvider(it))
    .map((it) => [
      it.name || it.deviceId,
      toEnumWord(DeviceKind, it.kind),
      it.fresh ? toEnumWord(Zone, it.zone) : "no fresh report",
      `${toShortSize(it.observedBytes)} of ${toShortSize(it.totalBytes)}`,
      toShortSize(it.committedBytes),
      `${it.tokensUsed} of ${it.tokensTotal}`,
      it.services.join(" "),
    ]);
  const slots = cluster.slots.map((it) => [
    it.slotId,
    it.service,
    toEnumWord(WorkClass, it.workClass),
    toShortSize(it.committedBytes),
    toShortTime(it.heldMs),
    it.jobId,
    it.stepId,
  ]);
  const queues = cluster.queues.map((it) => [
    it.name,
    String(it.waiting),
    String(it.running),
    it.waiting > 0 ? toShortTime(it.oldestWaitMs) : "",
  ]);
  return [
    toTable([["SERVICE", "INSTANCE", "VERSION", "GRPC", "HEALTH", "METRICS", "PID", "UP"], ...services]),
    toTable([["DEVICE", "KIND", "ZONE", "MEMORY", "COMMITTED", "COMPUTE", "SERVICES"], ...devices]),
    ...(providers.length === 0
      ? []
      : [toTable([["PROVIDER", "STATE", "LIGHT", "HEAVY", "EXCLUSIVE", "SERVICES"], ...providers])]),
    slots.length === 0
      ? "No slot is held.\n"
      : toTable([["SLOT", "SERVICE", "CLASS", "MEMORY", "HELD", "JOB", "STEP"], ...slots]),
    toTable([["QUEUE", "WAITING", "RUNNING", "OLDEST"], ...queues]),
  ].join("\n");
}

/** The calls of a provider of hosted models that are in use, of those that it takes. */
function toProviderRow(it: GetClusterResponse["devices"][number]): string[] {
  const calls = (["light", "heavy", "exclusive"] as const).map(
    (workClass) => `${it.callsInUse?.[workClass] ?? 0} of ${it.callLimits?.[workClass] ?? 0}`,
  );
  const closed = `closed for ${toShortTime(it.closedForMs)}: ${it.closedWhy}`;
  const state = !it.fresh ? "no fresh report" : it.closedForMs > 0 ? closed : "open";
  return [it.name || it.deviceId, state, ...calls, it.services.join(" ")];
}
