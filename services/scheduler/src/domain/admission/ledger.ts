import { type Device, type Slot, updateZone } from "../devices/device.ts";
import {
  chargeBytes,
  createUnit,
  hostKey,
  isEvicting,
  processKey,
  removeSlot,
  type Unit,
} from "../devices/memory-owners.ts";
import type { Rules } from "../rules.ts";
import { type SlotRequest, toReporterId } from "../types.ts";

/** The unit that a request would be charged to, if the device has it; undefined for one that is yet to start. */
export function findUnit(device: Device, request: SlotRequest, nowMs: number): Unit | undefined {
  const key = unitKeyOf(request);
  const unit = key === undefined ? undefined : device.units.get(key);
  return unit === undefined || isEvicting(unit, nowMs) ? undefined : unit;
}

/** The memory a grant of `peakBytes` would add to what is charged: 0 on a host that is already that large. */
export function deltaBytes(device: Device, request: SlotRequest, peakBytes: number, nowMs: number): number {
  const unit = findUnit(device, request, nowMs);
  return unit === undefined ? peakBytes : chargeBytes(unit, peakBytes) - chargeBytes(unit);
}

/** Charges a slot to its unit, which is made where it is not known yet. */
export function chargeSlot(device: Device, slot: Omit<Slot, "unitKey">, nowMs: number, rules: Rules): Slot {
  const { request, slotId, peakBytes } = slot;
  const unit = findUnit(device, request, nowMs) ?? createUnitFor(request, slotId);
  device.units.set(unit.key, unit);
  unit.slots.set(slotId, peakBytes);
  const charged = { ...slot, unitKey: unit.key };
  if (device.slots.size > 0) {
    charged.shared = true;
    for (const other of device.slots.values()) other.shared = true;
  }
  device.slots.set(slotId, charged);
  updateZone(device, nowMs, rules);
  return charged;
}

/** Gives a slot back. Its memory stays charged until the device shows what became of it. Repeating it changes nothing. */
export function releaseSlot(device: Device, slotId: string, nowMs: number, rules: Rules): void {
  const slot = device.slots.get(slotId);
  if (slot === undefined) return;
  device.slots.delete(slotId);
  const unit = device.units.get(slot.unitKey);
  if (unit !== undefined) removeSlot(unit, slotId, nowMs);
  updateZone(device, nowMs, rules);
}

/**
 * The slots of a device whose call broke off, that their holder no longer counts among its open ones, and whose host is idle
 * or gone: nothing runs there any more.
 */
export function endedSlots(device: Device, reporterId: string, openSlots: ReadonlySet<string>): Slot[] {
  return [...device.slots.values()].filter((slot) => {
    if (!slot.broken || openSlots.has(slot.slotId)) return false;
    if (toReporterId(slot.request.service, slot.request.instance) !== reporterId) return false;
    const unit = device.units.get(slot.unitKey);
    return unit?.kind === "process" || (unit?.kind === "host" && unit.host?.busy !== true);
  });
}

function unitKeyOf(request: SlotRequest): string | undefined {
  if (request.modelDigest === "") return processKey(toReporterId(request.service, request.instance));
  return request.hostId === "" ? undefined : hostKey(request.hostId);
}

function createUnitFor(request: SlotRequest, slotId: string): Unit {
  const reporterId = toReporterId(request.service, request.instance);
  if (request.modelDigest === "") return createUnit(processKey(reporterId), "process", reporterId);
  // Also for a host that is named but not reported here yet, or on its way out: what runs is charged beside it.
  return createUnit(`start/${slotId}`, "start", reporterId);
}
