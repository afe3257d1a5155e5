import { type AttachDeviceRequest, DeviceKind, SchedulerServiceDefinition } from "@pixelmesh/proto";
import { createOutbox } from "@pixelmesh/rpc";
import type { SchedulerLink } from "@pixelmesh/worker";

const gib = 2 ** 30;

/** The id of the bench's own device. */
export const benchDeviceId = "bench";

/** Attaches a machine with room for everything, reported every second until the answer is called. */
export function attachDevice(link: SchedulerLink): () => void {
  const outbox = createOutbox<AttachDeviceRequest>(4);
  const device = {
    ...{
      deviceId: benchDeviceId,
      kind: DeviceKind.HOST_MEMORY,
      name: "bench",
      totalBytes: 64 * gib,
      observedBytes: gib,
    },
    ...{ computeTokens: 64, hosts: [], ownProcessBytes: 0, processesHidden: false },
  };
  const tell = () => outbox.push({ service: "bench", instance: "0", devices: [device], openSlots: [] });
  tell();
  const timer = setInterval(tell, 1_000);
  const commands = link.client(SchedulerServiceDefinition).attachDevice(outbox);
  const reading = Array.fromAsync(commands);
  reading.catch(() => {});
  return () => {
    clearInterval(timer);
    outbox.end();
  };
}
