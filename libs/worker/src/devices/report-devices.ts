import { setTimeout as sleep } from "node:timers/promises";
import {
  type AttachDeviceRequest,
  DeviceKind,
  type DeviceReport,
  type HostReport,
  SchedulerServiceDefinition,
} from "@pixelmesh/proto";
import { createSendQueue } from "@pixelmesh/rpc";
import type { ServiceBase } from "@pixelmesh/service";
import type { SchedulerLink } from "../slots/scheduler-link.ts";
import { type HostMemorySource, readHostMemory } from "./machine-memory.ts";
import { createReportPace } from "./report-pace.ts";

/** Of a device that is no provider of hosted models. */
export const notAProvider = { callLimits: undefined, closedForMs: 0, closedWhy: "", probing: false } as const;

/** The running reports of this process's devices to the scheduler. */
export type DeviceLink = {
  readonly deviceId: string;
  /** Sends a report at once: a device has changed in a way that the scheduler should know before the next report is due. */
  reportNow(): void;
  close(): Promise<void>;
};

/** Describes the inference hosts and the providers of the process, and frees memory when the scheduler asks for it. */
export type DeviceOwner = {
  describeHosts?(): Promise<readonly HostReport[]>;
  /** Returns the GPUs that its models run on, with their hosts. */
  describeGpus?(): Promise<readonly DeviceReport[]>;
  /** Returns the providers of hosted models that it calls. */
  describeProviders?(): readonly DeviceReport[];
  evictHost?(hostId: string): Promise<void>;
  cleanUp?(wantedBytes: number): Promise<void>;
};

const reportEveryMs = 1_000;
const reconnectMs = 250;

/**
 * Attaches this machine's memory, the GPUs its models run on, and the providers it calls, as devices until closed. Reads them every second and sends a report to the
 * leading scheduler over a stream, at rest every 2 s (`createReportPace`). The stream is reopened when it breaks or the leader changes.
 */
export function linkDevice(
  base: ServiceBase,
  link: SchedulerLink,
  owner: DeviceOwner,
  source: HostMemorySource,
): DeviceLink {
  const closing = new AbortController();
  const { deviceId } = readHostMemory(source);
  let reportNow = () => {};

  async function report(): Promise<AttachDeviceRequest> {
    const memory = readHostMemory(source);
    const [hosts = [], gpus = []] = await Promise.all([owner.describeHosts?.(), owner.describeGpus?.()]);
    const providers = owner.describeProviders?.() ?? [];
    const device = {
      deviceId,
      kind: DeviceKind.HOST_MEMORY,
      name: memory.name,
      totalBytes: memory.totalBytes,
      observedBytes: memory.observedBytes,
      computeTokens: memory.cores,
      hosts: [...hosts],
      ownProcessBytes: process.memoryUsage.rss(),
      processesHidden: false,
      ...notAProvider,
    };
    base.metrics.setAll(
      "pixelmesh_device_info",
      [device, ...gpus].map(({ deviceId: id, kind, name }) => ({
        labels: { device: id, kind: kind === DeviceKind.GPU ? "gpu" : "host", name },
        value: 1,
      })),
    );
    base.metrics.set("pixelmesh_device_memory_bytes", { device: deviceId, kind: "total" }, memory.totalBytes);
    base.metrics.set("pixelmesh_device_memory_bytes", { device: deviceId, kind: "observed" }, memory.observedBytes);
    return {
      service: base.service,
      instance: base.config.instance,
      devices: [device, ...gpus, ...providers],
      openSlots: [...link.openSlots],
    };
  }

  async function attachOnce(): Promise<void> {
    const connection = link.current();
    const outbox = createSendQueue<AttachDeviceRequest>(4);
    const moved = new AbortController();
    const endMoved = link.onMoved(() => moved.abort());
    const pace = createReportPace();
    const sendReport = async () => {
      const made = await report();
      if (pace.isDue(made, performance.now())) outbox.push(made);
    };
    await sendReport();
    const tryReport = () => {
      sendReport().catch((error: unknown) => base.log.warn({ err: error }, "device report failed"));
    };
    const timer = setInterval(tryReport, reportEveryMs);
    reportNow = tryReport;
    try {
      for await (const { command } of connection
        .client(SchedulerServiceDefinition)
        .attachDevice(outbox, { signal: AbortSignal.any([closing.signal, moved.signal]) })) {
        if (command?.$case === "evictHost") await owner.evictHost?.(command.value.hostId);
        else if (command?.$case === "cleanUp") await owner.cleanUp?.(command.value.wantedBytes);
      }
    } catch (error) {
      link.moveOn(connection);
      throw error;
    } finally {
      endMoved();
      clearInterval(timer);
      reportNow = () => {};
      outbox.end();
    }
  }

  async function keepAttached(): Promise<void> {
    while (!closing.signal.aborted) {
      await attachOnce().catch((error: unknown) => {
        if (!closing.signal.aborted) base.log.debug({ err: error }, "scheduler not reached; retrying");
      });
      await sleep(reconnectMs, undefined, { signal: closing.signal }).catch(() => {});
    }
  }
  const running = keepAttached();
  return {
    deviceId,
    reportNow: () => reportNow(),
    async close() {
      closing.abort();
      await running;
    },
  };
}
