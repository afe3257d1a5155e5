import { type Device, slotsOf } from "../devices/device.ts";
import { isEvictable, isEvicting, type MemoryOwner } from "../devices/memory-owners.ts";
import { mayRunOnHost } from "../devices/pending-slot.ts";
import type { Rules } from "../rules.ts";

/** Returns the bytes of hosts whose eviction is in progress. */
export function evictingBytes(device: Device, nowMs: number): number {
  return [...device.owners.values()].reduce((sum, owner) => sum + (isEvicting(owner, nowMs) ? owner.usedBytes : 0), 0);
}

/**
 * Returns the idle hosts to evict so that `wantedBytes` come free, least recently used first. Not evicted: hosts younger than
 * `minHostAgeMs`, pinned ones, those with slots or a pending run, and `keepKeys`. If all together are not enough: none, unless `partly`.
 */
export function chooseEvictions(
  device: Device,
  wantedBytes: number,
  options: {
    readonly nowMs: number;
    readonly rules: Rules;
    readonly keepKeys?: ReadonlySet<string>;
    readonly partly?: boolean;
  },
): MemoryOwner[] {
  const { nowMs, rules, keepKeys, partly = false } = options;
  const owners = [...device.owners.values()];
  const candidates = owners
    .filter((owner) => !keepKeys?.has(owner.key) && owner.usedBytes > 0 && isEvictable(owner, nowMs))
    .filter((owner) => !owners.some((pending) => mayRunOn(device, pending, owner)))
    .flatMap((owner) => (owner.host === undefined ? [] : [{ owner, host: owner.host }]))
    .filter(({ host }) => nowMs - host.firstSeenMs >= rules.minHostAgeMs)
    .sort((a, b) => a.host.lastUsedMs - b.host.lastUsedMs);
  const chosen: MemoryOwner[] = [];
  let freedBytes = 0;
  for (const { owner } of candidates) {
    if (freedBytes >= wantedBytes) break;
    chosen.push(owner);
    freedBytes += owner.usedBytes;
  }
  return freedBytes >= wantedBytes || partly ? chosen : [];
}

/** Returns whether work that was granted before its host was reported may run on this one, which holds its model. */
function mayRunOn(device: Device, pending: MemoryOwner, { reporterId, host }: MemoryOwner): boolean {
  if (pending.kind !== "pendingHost" || pending.reporterId !== reporterId || host === undefined) return false;
  return slotsOf(device, pending).some(
    (slot) => mayRunOnHost(slot, host.hostId) && host.models.some(({ digest }) => digest === slot.request.modelDigest),
  );
}
