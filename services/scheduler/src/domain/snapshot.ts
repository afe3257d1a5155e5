import type { HostReport } from "@pixelmesh/proto";
import type { RequestQueue } from "./admission/queue.ts";
import { type WorkClass, workClasses } from "./admission/slot-request.ts";
import { type Device, type DeviceUsage, type GrantedSlot, isFresh, usageOf } from "./devices/device.ts";
import { chargeBytes } from "./devices/memory-owners.ts";
import { closedForMs } from "./devices/provider.ts";
import type { CallLimits } from "./devices/provider-report.ts";

/** The current state of a device. */
export type DeviceView = DeviceUsage &
  Pick<Device, "deviceId" | "kind" | "name" | "zone" | "totalBytes" | "observedBytes" | "tokens"> & {
    readonly reporterIds: readonly string[];
    readonly hosts: readonly HostReport[];
    readonly isFresh: boolean;
    /** Part of `externalBytes`: memory that an ended host has not given back. */
    readonly quarantinedBytes: number;
    /** Of a provider of hosted models only. */
    readonly provider: ProviderView | undefined;
  };

/** The current state of a provider: its limits, its calls in use, and how long it is closed; 0: open. */
export type ProviderView = {
  readonly limits: CallLimits;
  readonly calls: Readonly<Record<WorkClass, number>> & { readonly models: Readonly<Record<string, number>> };
  readonly closedForMs: number;
  readonly closedWhy: string;
};

/** The current state of a slot, with the charge of its memory owner. */
export type SlotView = Pick<
  GrantedSlot,
  "slotId" | "callId" | "request" | "deviceId" | "epoch" | "tokens" | "alone" | "broken"
> & {
  readonly committedBytes: number;
  readonly heldMs: number;
};

/** The current state of the queue of a work class. */
export type QueueView = {
  readonly workClass: WorkClass;
  readonly waiting: number;
  readonly running: number;
  readonly oldestWaitMs: number;
};

/** The current state of the scheduler, for GetCluster and metrics. */
export type SchedulerSnapshot = {
  readonly devices: readonly DeviceView[];
  readonly slots: readonly SlotView[];
  readonly queues: readonly QueueView[];
};

/** Returns a snapshot. Its cost grows with devices and slots, not with waiting requests. */
export function toSnapshot(
  devices: ReadonlyMap<string, Device>,
  queue: RequestQueue,
  nowMs: number,
): SchedulerSnapshot {
  const slots = [...devices.values()].flatMap((device) =>
    [...device.slots.values()].map((slot) => toSlotView(device, slot, nowMs)),
  );
  const running = Map.groupBy(slots, ({ request }) => request.workClass);
  return {
    devices: [...devices.values()].map((device) => toDeviceView(device, nowMs)),
    slots,
    queues: workClasses.map((workClass) => ({
      workClass,
      waiting: queue.count(workClass),
      running: running.get(workClass)?.length ?? 0,
      oldestWaitMs: nowMs - (queue.oldestSinceMs(workClass) ?? nowMs),
    })),
  };
}

function toDeviceView(device: Device, nowMs: number): DeviceView {
  const { deviceId, kind, name, zone, totalBytes, observedBytes, tokens } = device;
  const reports = [...device.reporters.values()].map(({ report }) => report);
  return {
    deviceId,
    kind,
    name,
    zone,
    totalBytes,
    observedBytes,
    tokens,
    ...usageOf(device),
    reporterIds: [...device.reporters.keys()],
    hosts: reports.flatMap((report) => report.hosts),
    isFresh: isFresh(device),
    quarantinedBytes: device.leak?.quarantinedBytes ?? 0,
    provider: toProviderView(device, nowMs),
  };
}

function toProviderView(device: Device, nowMs: number): ProviderView | undefined {
  if (device.provider === undefined) return undefined;
  const { limits, closing } = device.provider;
  const calls = { light: 0, heavy: 0, exclusive: 0 };
  const models = new Map<string, number>();
  for (const { request } of device.slots.values()) {
    calls[request.workClass] += 1;
    if (request.model) models.set(request.model, (models.get(request.model) ?? 0) + 1);
  }
  const closedMs = Math.ceil(closedForMs(device, nowMs));
  return {
    limits,
    calls: { ...calls, models: Object.fromEntries(models) },
    closedForMs: closedMs,
    closedWhy: closedMs > 0 ? closing.why : "",
  };
}

function toSlotView(device: Device, slot: GrantedSlot, nowMs: number): SlotView {
  const { slotId, callId, request, deviceId, epoch, tokens, alone, broken } = slot;
  const owner = device.owners.get(slot.ownerKey);
  const committedBytes = owner === undefined ? slot.peakBytes : Math.min(slot.peakBytes, chargeBytes(owner));
  return {
    slotId,
    callId,
    request,
    deviceId,
    epoch,
    tokens,
    alone,
    broken,
    committedBytes,
    heldMs: nowMs - slot.grantedAtMs,
  };
}
