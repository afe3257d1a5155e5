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
  const devices = cluster.devices.map((it) => [
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
    slots.length === 0
      ? "No slot is held.\n"
      : toTable([["SLOT", "SERVICE", "CLASS", "MEMORY", "HELD", "JOB", "STEP"], ...slots]),
    toTable([["QUEUE", "WAITING", "RUNNING", "OLDEST"], ...queues]),
  ].join("\n");
}
