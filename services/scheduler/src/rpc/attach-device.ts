import { expected } from "@pixelmesh/errors";
import {
  type AttachDeviceRequest,
  type AttachDeviceResponse,
  DeviceKind,
  type DeviceReport as DeviceReportMessage,
} from "@pixelmesh/proto";
import { type CallContext, createOutbox } from "@pixelmesh/rpc";
import type { Leader } from "../adapters/leader.ts";
import type { Runtime } from "../adapters/runtime.ts";
import { type Command, type DeviceReport, toReporterId } from "../domain/types.ts";

const maxDevices = 64;

/** AttachDevice: reports of one worker process come up, commands to it go down. */
export function createAttachDevice(leader: Leader) {
  return async function* attachDevice(
    stream: AsyncIterable<AttachDeviceRequest>,
    { signal, header, sendHeader }: CallContext,
  ): AsyncGenerator<AttachDeviceResponse, void, undefined> {
    const commands = createOutbox<AttachDeviceResponse>(64);
    const { runtime } = leader.require();
    let failure: unknown;
    let reporterId = "";
    let link: ReturnType<Runtime["attach"]> | undefined;

    async function listen(): Promise<void> {
      for await (const { service, instance, devices, openSlots } of stream) {
        if (service === "") throw expected("service", "the name of a service", service);
        if (devices.length > maxDevices) throw expected("devices", `at most ${maxDevices}`, devices.length);
        const name = toReporterId(service, instance);
        if (reporterId !== "" && name !== reporterId)
          throw expected("instance", `the first report's, ${reporterId}`, name);
        reporterId = name;
        const reports = devices.map((device, index) => parseReport(device, `devices[${index}]`));
        link ??= runtime.attach(reporterId, {
          command: (command) => commands.push(toResponse(command)),
          ended(error) {
            failure ??= error;
            commands.end();
          },
        });
        link.report(reports, new Set(openSlots));
      }
    }

    // Until something comes back a client keeps all it has sent, to be able to send it again: a report a second, for as
    // long as there is no command. A header that says nothing would not be sent.
    header.set("pixelmesh-attached", "1");
    sendHeader();
    signal.addEventListener("abort", commands.end, { once: true });
    listen()
      .catch((error: unknown) => {
        failure ??= error;
      })
      .finally(commands.end);
    try {
      yield* commands;
      signal.throwIfAborted();
      if (failure) throw failure;
    } finally {
      signal.removeEventListener("abort", commands.end);
      link?.detach();
    }
  };
}

function toResponse(command: Command): AttachDeviceResponse {
  return command.kind === "evictHost"
    ? { command: { $case: "evictHost", value: { hostId: command.hostId } } }
    : { command: { $case: "cleanUp", value: { wantedBytes: command.wantedBytes } } };
}

function parseReport(report: DeviceReportMessage, path: string): DeviceReport {
  const { deviceId, kind, totalBytes, observedBytes, ...rest } = report;
  if (deviceId === "") throw expected(`${path}.device_id`, "the id of a device", deviceId);
  if (!(totalBytes > 0)) throw expected(`${path}.total_bytes`, "above 0", totalBytes);
  if (!(observedBytes >= 0)) throw expected(`${path}.observed_bytes`, "0 or more", observedBytes);
  if (kind !== DeviceKind.GPU && kind !== DeviceKind.HOST_MEMORY)
    throw expected(`${path}.kind`, "HOST_MEMORY or GPU", kind);
  return { ...rest, deviceId, totalBytes, observedBytes, kind: kind === DeviceKind.GPU ? "gpu" : "memory" };
}
