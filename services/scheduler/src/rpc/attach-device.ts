import { expected } from "@pixelmesh/errors";
import type { AttachDeviceRequest, AttachDeviceResponse } from "@pixelmesh/proto";
import { type CallContext, createSendQueue } from "@pixelmesh/rpc";
import type { Leader } from "../adapters/leader.ts";
import type { Runtime } from "../adapters/runtime.ts";
import { toReporterId } from "../domain/devices/device-report.ts";
import type { ReporterCommand } from "../domain/effects.ts";
import { parseReport } from "./parse-report.ts";

const maxDevices = 64;

/** AttachDevice: takes the reports of one worker process and sends commands to it. */
export function createAttachDevice(leader: Leader) {
  return async function* attachDevice(
    stream: AsyncIterable<AttachDeviceRequest>,
    { signal, header, sendHeader }: CallContext,
  ): AsyncGenerator<AttachDeviceResponse, void, undefined> {
    const commands = createSendQueue<AttachDeviceResponse>(64);
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

    // A client keeps all messages for a retry until the server answers, and a command may never come. So the server sends a header at
    // once; an empty header would not be sent.
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

function toResponse(command: ReporterCommand): AttachDeviceResponse {
  return command.kind === "evictHost"
    ? { command: { $case: "evictHost", value: { hostId: command.hostId } } }
    : { command: { $case: "cleanUp", value: { wantedBytes: command.wantedBytes } } };
}
