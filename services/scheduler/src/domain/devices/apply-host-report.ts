import type { HostReport } from "@pixelmesh/proto";
import { type Device, slotsOf } from "./device.ts";
import { chargeBytes, type MemoryOwner, recordUse } from "./memory-owners.ts";
import { mayRunOnHost } from "./pending-slot.ts";

/** Applies the report of one inference host. `isHidden`: the device does not show the use of each process. */
export function applyHostReport(
  device: Device,
  owner: MemoryOwner,
  report: HostReport,
  { isHidden, nowMs }: { readonly isHidden: boolean; readonly nowMs: number },
): void {
  const modelBytes = report.models.reduce((sum, model) => sum + model.residentBytes, 0);
  // If the use is hidden, the host is assumed to hold its grant: its arena keeps the high-water mark.
  const grantedBytes = Math.min(device.observedBytes, chargeBytes(owner));
  recordUse(owner, isHidden ? Math.max(grantedBytes, modelBytes) : report.usedBytes || modelBytes);
  owner.host ??= {
    hostId: report.hostId,
    busy: report.busy,
    models: report.models,
    firstSeenMs: nowMs,
    lastUsedMs: nowMs,
    evictingUntilMs: Number.NEGATIVE_INFINITY,
  };
  owner.host.busy = report.busy;
  owner.host.models = report.models;
  if (report.busy) owner.host.lastUsedMs = nowMs;
  takeOverPendingHosts(device, owner, report, owner.host.firstSeenMs);
}

/**
 * Moves slots of pending hosts to a reported host that came after their grant, from the same reporter and with their model, if they
 * may run there.
 */
function takeOverPendingHosts(
  device: Device,
  host: MemoryOwner,
  { hostId, models }: HostReport,
  firstSeenMs: number,
): void {
  for (const pending of device.owners.values()) {
    if (pending.kind !== "pendingHost" || pending.reporterId !== host.reporterId) continue;
    const slots = slotsOf(device, pending);
    const hasItsModel = models.some(({ digest }) => slots.some((slot) => slot.request.modelDigest === digest));
    const isOfAnother = slots.some((slot) => !mayRunOnHost(slot, hostId));
    if (!hasItsModel || isOfAnother || slots.some((slot) => slot.grantedAtMs > firstSeenMs)) continue;
    for (const slot of slots) {
      host.slots.set(slot.slotId, slot.peakBytes);
      slot.ownerKey = host.key;
    }
    device.owners.delete(pending.key);
  }
}
