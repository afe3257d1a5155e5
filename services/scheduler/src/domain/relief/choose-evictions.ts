import { type Device, slotsOf } from "../devices/device.ts";
import { isEvictable, isEvicting, type Unit } from "../devices/memory-owners.ts";
import type { Rules } from "../rules.ts";

/** Bytes that hosts already told to go will give back. */
export function leavingBytes(device: Device, nowMs: number): number {
  return [...device.units.values()].reduce((sum, unit) => sum + (isEvicting(unit, nowMs) ? unit.usedBytes : 0), 0);
}

/**
 * The idle hosts to end so that `wantedBytes` come free, least recently used first; hosts younger than `minResidentMs`,
 * pinned ones, those with slots or about to be used, and `keepKey` stay. Where all of them together are not enough: none, unless `partly`.
 */
export function chooseEvictions(
  device: Device,
  wantedBytes: number,
  options: { readonly nowMs: number; readonly rules: Rules; readonly keepKey?: string; readonly partly?: boolean },
): Unit[] {
  const { nowMs, rules, keepKey, partly = false } = options;
  const units = [...device.units.values()];
  const mayGo = units
    .filter((unit) => unit.key !== keepKey && unit.usedBytes > 0 && isEvictable(unit, nowMs))
    .filter((unit) => !units.some((start) => mayRunOn(device, start, unit)))
    .flatMap((unit) => (unit.host === undefined ? [] : [{ unit, host: unit.host }]))
    .filter(({ host }) => nowMs - host.residentSinceMs >= rules.minResidentMs)
    .sort((a, b) => a.host.lastUsedMs - b.host.lastUsedMs);
  const chosen: Unit[] = [];
  let freedBytes = 0;
  for (const { unit } of mayGo) {
    if (freedBytes >= wantedBytes) break;
    chosen.push(unit);
    freedBytes += unit.usedBytes;
  }
  return freedBytes >= wantedBytes || partly ? chosen : [];
}

/** Whether work that was granted without naming a host may have gone to this one: it holds the model. */
function mayRunOn(device: Device, start: Unit, { reporterId, host }: Unit): boolean {
  if (start.kind !== "start" || start.reporterId !== reporterId) return false;
  const digests = slotsOf(device, start).map((slot) => slot.request.modelDigest);
  return host?.models.some((model) => digests.includes(model.digest)) ?? false;
}
