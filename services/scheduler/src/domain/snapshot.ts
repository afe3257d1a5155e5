import type { HostReport } from "@pixelmesh/proto";
import type { Queue } from "./admission/queue.ts";
import { type Device, type Figures, isFresh, type Slot, toFigures } from "./devices/device.ts";
import { chargeBytes } from "./devices/memory-owners.ts";
import { type WorkClass, workClasses } from "./types.ts";

/** A device as it stands. */
export type DeviceView = Figures &
  Pick<Device, "deviceId" | "kind" | "name" | "zone" | "totalBytes" | "observedBytes" | "tokens"> & {
    readonly reporterIds: readonly string[];
    readonly hosts: readonly HostReport[];
    readonly isFresh: boolean;
    /** Of what is external: memory that an ended host of ours has not given back. */
    readonly quarantinedBytes: number;
  };

/** A slot as it stands: what its unit is charged, and for how long it is held. */
export type SlotView = Pick<
  Slot,
  "slotId" | "callId" | "request" | "deviceId" | "epoch" | "tokens" | "alone" | "broken"
> & {
  readonly committedBytes: number;
  readonly heldMs: number;
};

/** A class's queue as it stands. */
export type QueueView = {
  readonly workClass: WorkClass;
  readonly waiting: number;
  readonly running: number;
  readonly oldestWaitMs: number;
};

/** Everything as it stands, for people and for metrics. */
export type Snapshot = {
  readonly devices: readonly DeviceView[];
  readonly slots: readonly SlotView[];
  readonly queues: readonly QueueView[];
};

/** Takes the picture. Its cost grows with devices and slots, not with what waits. */
export function toSnapshot(devices: ReadonlyMap<string, Device>, queue: Queue, nowMs: number): Snapshot {
  const slots = [...devices.values()].flatMap((device) =>
    [...device.slots.values()].map((slot) => toSlotView(device, slot, nowMs)),
  );
  const running = Map.groupBy(slots, ({ request }) => request.workClass);
  return {
    devices: [...devices.values()].map(toDeviceView),
    slots,
    queues: workClasses.map((workClass) => ({
      workClass,
      waiting: queue.count(workClass),
      running: running.get(workClass)?.length ?? 0,
      oldestWaitMs: nowMs - (queue.oldestSinceMs(workClass) ?? nowMs),
    })),
  };
}

function toDeviceView(device: Device): DeviceView {
  const { deviceId, kind, name, zone, totalBytes, observedBytes, tokens } = device;
  const reports = [...device.reporters.values()].map(({ report }) => report);
  return {
    ...{ deviceId, kind, name, zone, totalBytes, observedBytes, tokens },
    ...toFigures(device),
    reporterIds: [...device.reporters.keys()],
    hosts: reports.flatMap((report) => report.hosts),
    isFresh: isFresh(device),
    quarantinedBytes: device.leak?.quarantinedBytes ?? 0,
  };
}

function toSlotView(device: Device, slot: Slot, nowMs: number): SlotView {
  const { slotId, callId, request, deviceId, epoch, tokens, alone, broken } = slot;
  const unit = device.units.get(slot.unitKey);
  const committedBytes = unit === undefined ? slot.peakBytes : Math.min(slot.peakBytes, chargeBytes(unit));
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
