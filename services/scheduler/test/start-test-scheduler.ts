import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { startBroker } from "@pixelmesh/bus";
import { loadConfig } from "@pixelmesh/config";
import { createLifecycle } from "@pixelmesh/lifecycle";
import {
  type AttachDeviceRequest,
  DeviceKind,
  type DeviceReport,
  type HoldSlotRequest,
  type HoldSlotResponse,
  Priority,
  SchedulerServiceDefinition,
  type SlotRelease,
  SlotRequest,
  WorkClass,
} from "@pixelmesh/proto";
import { connectRpc, createSendQueue } from "@pixelmesh/rpc";
import { createLogger } from "@pixelmesh/telemetry";
import { onTestFinished } from "vitest";
import { schedulerFields, startScheduler } from "../src/index.ts";

export const gib = 1024 ** 3;
const log = createLogger({ service: "test", level: "silent" });

/** Starts the service on free ports with its own broker. */
export async function startTestScheduler(env: Record<string, string> = {}) {
  const root = mkdtempSync(join(tmpdir(), "pixelmesh-scheduler-"));
  const broker = await startBroker({ dataDir: root });
  const life = createLifecycle(log);
  const config = loadConfig(schedulerFields, {
    PIXELMESH_NATS_URL: broker.url,
    PIXELMESH_SCHEDULER_GRPC_PORT: "0",
    PIXELMESH_SCHEDULER_HEALTH_PORT: "0",
    PIXELMESH_SCHEDULER_METRICS_PORT: "0",
    ...env,
  });
  const { base, rpc } = await startScheduler(config, life, log);
  const connection = connectRpc(rpc.address);
  onTestFinished(async () => {
    connection.close();
    await life.close();
    await broker.stop();
    rmSync(root, { recursive: true, force: true });
  });
  return { base, life, client: connection.client(SchedulerServiceDefinition) };
}
type Client = Awaited<ReturnType<typeof startTestScheduler>>["client"];

const device: DeviceReport = {
  deviceId: "host-a",
  kind: DeviceKind.HOST_MEMORY,
  name: "memory of a",
  totalBytes: 16 * gib,
  observedBytes: 2 * gib,
  computeTokens: 4,
  hosts: [],
  ownProcessBytes: 0,
  processesHidden: false,
  callLimits: undefined,
  closedForMs: 0,
  closedWhy: "",
  probing: false,
};

/** Attaches a device; reports can be sent, received commands are collected. */
export function attach(client: Client, instance = "0") {
  const reports = createSendQueue<AttachDeviceRequest>();
  const commands: unknown[] = [];
  let answered = false;
  const ended = (async () => {
    const onHeader = () => {
      answered = true;
    };
    for await (const { command } of client.attachDevice(reports, { onHeader })) commands.push(command);
  })();
  ended.catch(() => {});
  return {
    commands,
    ended,
    isAnswered: () => answered,
    report: (change: Partial<DeviceReport> = {}, openSlots: string[] = []) =>
      reports.push({ service: "upscale", instance, devices: [{ ...device, ...change }], openSlots }),
    end: reports.end,
  };
}

/** Opens a HoldSlot call; messages can be sent, answers read one by one. */
export function hold(client: Client, change: Parameters<typeof SlotRequest.fromPartial>[0] = {}) {
  const messages = createSendQueue<HoldSlotRequest>();
  const value = SlotRequest.fromPartial({
    service: "upscale",
    instance: "0",
    deviceIds: ["host-a"],
    jobId: "j",
    stepId: "s",
    tenant: "t",
    workClass: WorkClass.LIGHT,
    priority: Priority.INTERACTIVE,
    options: [{ tilePx: 512, batch: 1, peakBytes: gib, computeTokens: 1 }],
    ...change,
  });
  messages.push({ message: { $case: "request", value } });
  const controller = new AbortController();
  const answers = client.holdSlot(messages, { signal: controller.signal })[Symbol.asyncIterator]();
  const next = async (): Promise<HoldSlotResponse["message"]> => {
    const result = await answers.next();
    return result.done ? undefined : result.value.message;
  };
  const release = (measured: Partial<SlotRelease> = {}) => {
    const none = { peakBytes: 0, runMs: 0, outOfMemory: false };
    messages.push({ message: { $case: "release", value: { ...none, ...measured } } });
    messages.end();
  };
  const renew = () => messages.push({ message: { $case: "renewal", value: {} } });
  return { next, release, renew, messages, abort: () => controller.abort() };
}
