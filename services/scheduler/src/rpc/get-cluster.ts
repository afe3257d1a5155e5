import type { Bus } from "@pixelmesh/bus";
import {
  DeviceKind,
  type DeviceStatus,
  type GetClusterResponse,
  type QueueStatus,
  type SlotStatus,
  WorkClass,
  Zone,
} from "@pixelmesh/proto";
import { createBrokerView } from "../adapters/broker-view.ts";
import type { Leader } from "../adapters/leader.ts";
import type { DeviceView, ProviderView, SchedulerSnapshot, SlotView } from "../domain/snapshot.ts";

const zones = { green: Zone.GREEN, amber: Zone.AMBER, red: Zone.RED } as const;
const kinds = { gpu: DeviceKind.GPU, memory: DeviceKind.HOST_MEMORY, provider: DeviceKind.PROVIDER } as const;
const classes = { light: WorkClass.LIGHT, heavy: WorkClass.HEAVY, exclusive: WorkClass.EXCLUSIVE } as const;

/** GetCluster: returns announced services, devices, slots, and the queues of slots and of work items. */
export function createGetCluster(leader: Leader, bus: Bus) {
  const readBroker = createBrokerView(bus);
  return async (): Promise<GetClusterResponse> => {
    const { runtime, term } = leader.require();
    const { services, queues } = await readBroker();
    const snapshot = runtime.snapshot();
    return {
      services,
      devices: snapshot.devices.map(toDeviceStatus),
      slots: snapshot.slots.map(toSlotStatus),
      queues: [...toSlotQueues(snapshot), ...queues],
      leaderTerm: term,
      asOfUnixMs: Date.now(),
    };
  };
}

function toDeviceStatus(device: DeviceView): DeviceStatus {
  const { deviceId, name, totalBytes, observedBytes, committedBytes, externalBytes, quarantinedBytes } = device;
  return {
    deviceId,
    kind: kinds[device.kind],
    name,
    zone: zones[device.zone],
    totalBytes,
    observedBytes,
    committedBytes,
    externalBytes,
    tokensTotal: device.tokens,
    tokensUsed: device.tokensUsed,
    services: [...device.reporterIds],
    hosts: device.hosts.map((host) => ({ ...host })),
    fresh: device.isFresh,
    quarantinedBytes,
    ...toProviderStatus(device.provider),
  };
}

/** Without the limits of tenants: every caller may read the answer. */
function toProviderStatus(provider: ProviderView | undefined) {
  if (provider === undefined) return { callLimits: undefined, callsInUse: undefined, closedForMs: 0, closedWhy: "" };
  const { limits, calls, closedForMs, closedWhy } = provider;
  return {
    callLimits: { ...limits, models: { ...limits.models }, tenants: {} },
    callsInUse: { ...calls, models: { ...calls.models }, tenants: {} },
    closedForMs,
    closedWhy,
  };
}

function toSlotStatus({ slotId, deviceId, request, committedBytes, heldMs }: SlotView): SlotStatus {
  const { service, jobId, stepId, workClass } = request;
  return {
    slotId,
    deviceId,
    service,
    jobId,
    stepId,
    workClass: classes[workClass],
    committedBytes,
    heldMs: Math.round(heldMs),
  };
}

function toSlotQueues({ queues }: SchedulerSnapshot): QueueStatus[] {
  return queues.map(({ workClass, waiting, running, oldestWaitMs }) => ({
    name: `slots.${workClass}`,
    waiting,
    running,
    oldestWaitMs: Math.round(oldestWaitMs),
  }));
}
