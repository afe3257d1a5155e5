import { type AttachDeviceRequest, DeviceKind, SchedulerServiceDefinition } from "@pixelmesh/proto";
import { createSendQueue } from "@pixelmesh/rpc";
import type { SchedulerLink } from "@pixelmesh/worker";

const gib = 2 ** 30;

/** Id of the bench's device. */
export const benchDeviceId = "bench";

/** Attaches a device with ample free memory and reports it every second. The returned function ends that. */
export function attachDevice(link: SchedulerLink): () => void {
  const outbox = createSendQueue<AttachDeviceRequest>(4);
  const device = {
    deviceId: benchDeviceId,
    kind: DeviceKind.HOST_MEMORY,
    name: "bench",
    totalBytes: 64 * gib,
    observedBytes: gib,
    computeTokens: 64,
    hosts: [],
    ownProcessBytes: 0,
    processesHidden: false,
    callLimits: undefined,
    closedForMs: 0,
    closedWhy: "",
    probing: false,
  };
  const report = () => outbox.push({ service: "bench", instance: "0", devices: [device], openSlots: [] });
  report();
  const timer = setInterval(report, 1_000);
  const commands = link.client(SchedulerServiceDefinition).attachDevice(outbox);
  const reading = Array.fromAsync(commands);
  reading.catch(() => {});
  return () => {
    clearInterval(timer);
    outbox.end();
  };
}
