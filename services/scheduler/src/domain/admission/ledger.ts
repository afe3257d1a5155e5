import { type Device, type GrantedSlot, updateZone } from "../devices/device.ts";
import { toReporterId } from "../devices/device-report.ts";
import {
  chargeBytes,
  createMemoryOwner,
  hostKey,
  isEvicting,
  type MemoryOwner,
  processKey,
  removeSlot,
} from "../devices/memory-owners.ts";
import type { Rules } from "../rules.ts";
import { hostIdOf, type SlotRequest } from "./slot-request.ts";

/** Returns the memory owner that an option would be charged to; undefined if its host is yet to start or is being evicted. */
export function findOwner(
  device: Device,
  request: SlotRequest,
  optionIndex: number,
  nowMs: number,
): MemoryOwner | undefined {
  const key = ownerKeyOf(request, optionIndex);
  const owner = key === undefined ? undefined : device.owners.get(key);
  return owner === undefined || isEvicting(owner, nowMs) ? undefined : owner;
}

/** Returns the memory that a grant of `peakBytes` would add to what is charged: 0 on a host that is already that large. */
export function deltaBytes(
  device: Device,
  { request, optionIndex, peakBytes }: Pick<GrantedSlot, "request" | "optionIndex" | "peakBytes">,
  nowMs: number,
): number {
  const owner = findOwner(device, request, optionIndex, nowMs);
  return owner === undefined ? peakBytes : chargeBytes(owner, peakBytes) - chargeBytes(owner);
}

/** Charges a slot to its memory owner, which is created if it is unknown. */
export function chargeSlot(
  device: Device,
  slot: Omit<GrantedSlot, "ownerKey">,
  nowMs: number,
  rules: Rules,
): GrantedSlot {
  const { request, optionIndex, slotId, peakBytes } = slot;
  if (device.kind === "provider") {
    const call = { ...slot, ownerKey: "" };
    device.slots.set(slotId, call);
    return call;
  }
  const owner = findOwner(device, request, optionIndex, nowMs) ?? createOwnerFor(request, slotId);
  device.owners.set(owner.key, owner);
  owner.slots.set(slotId, peakBytes);
  const charged = { ...slot, ownerKey: owner.key };
  if (device.slots.size > 0) {
    charged.shared = true;
    for (const other of device.slots.values()) other.shared = true;
  }
  device.slots.set(slotId, charged);
  updateZone(device, nowMs, rules);
  return charged;
}

/** Releases a slot. Its memory stays charged until the next report of the device. Idempotent. */
export function releaseSlot(device: Device, slotId: string, nowMs: number, rules: Rules): void {
  const slot = device.slots.get(slotId);
  if (slot === undefined) return;
  device.slots.delete(slotId);
  const owner = device.owners.get(slot.ownerKey);
  if (owner !== undefined) removeSlot(owner, slotId, nowMs);
  updateZone(device, nowMs, rules);
}

/**
 * Returns the slots of a reporter whose work has ended without a release: their call broke, the reporter no longer lists them as open,
 * and their host is idle or gone.
 */
export function endedSlots(device: Device, reporterId: string, openSlots: ReadonlySet<string>): GrantedSlot[] {
  return [...device.slots.values()].filter((slot) => {
    if (!slot.broken || openSlots.has(slot.slotId)) return false;
    if (toReporterId(slot.request.service, slot.request.instance) !== reporterId) return false;
    if (device.kind === "provider") return true;
    const owner = device.owners.get(slot.ownerKey);
    return owner?.kind === "process" || (owner?.kind === "host" && owner.host?.busy !== true);
  });
}

function ownerKeyOf(request: SlotRequest, optionIndex: number): string | undefined {
  if (request.modelDigest === "") return processKey(toReporterId(request.service, request.instance));
  const hostId = hostIdOf(request, optionIndex);
  return hostId === "" ? undefined : hostKey(hostId);
}

function createOwnerFor(request: SlotRequest, slotId: string): MemoryOwner {
  const reporterId = toReporterId(request.service, request.instance);
  if (request.modelDigest === "") return createMemoryOwner(processKey(reporterId), "process", reporterId);
  // Also for a named host that is not reported here yet or is being evicted: the work is charged beside it.
  return createMemoryOwner(`pending/${slotId}`, "pendingHost", reporterId);
}
