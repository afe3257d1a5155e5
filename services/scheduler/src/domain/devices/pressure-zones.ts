import { limitBytes, type Rules } from "../rules.ts";
import type { DeviceKind, WorkClass, Zone } from "../types.ts";

/** A device's zone after its use became `usedFraction`, with hysteresis: into a zone above its bound, out below a lower one. */
export function nextZone(zone: Zone, usedFraction: number, rules: Rules): Zone {
  if (usedFraction > rules.amberFraction) return "red";
  if (zone === "red" && usedFraction >= rules.leaveRedFraction) return "red";
  if (usedFraction > rules.greenFraction) return "amber";
  return zone !== "green" && usedFraction >= rules.leaveAmberFraction ? "amber" : "green";
}

/** How much memory is in use and how much more a grant would need. */
export type Need = { readonly usedBytes: number; readonly deltaBytes: number };

/**
 * What of its memory forbids a grant on a device, or undefined. Green: anything up to the green bound. Amber, or beyond that
 * bound: light work, and heavy work that needs nothing new. Red: only light work that needs nothing new.
 */
export function memoryVeto(
  device: { readonly kind: DeviceKind; readonly totalBytes: number; readonly zone: Zone },
  workClass: WorkClass,
  { usedBytes, deltaBytes }: Need,
  rules: Rules,
): "memory" | "zone" | undefined {
  const isLight = workClass === "light";
  if (device.zone === "red") return isLight && deltaBytes === 0 ? undefined : "zone";
  if (deltaBytes === 0) return undefined;
  const afterBytes = usedBytes + deltaBytes;
  if (device.zone === "green" && afterBytes <= maxUsedBytes(device, "heavy", rules)) return undefined;
  if (afterBytes > maxUsedBytes(device, workClass, rules)) return "memory";
  return isLight ? undefined : "zone";
}

/** The most that may be in use on a device after work of a class was granted new memory. */
export function maxUsedBytes(
  device: { readonly kind: DeviceKind; readonly totalBytes: number },
  workClass: WorkClass,
  rules: Rules,
): number {
  const fraction = workClass === "light" ? rules.amberFraction : rules.greenFraction;
  return limitBytes(device.kind, device.totalBytes, fraction, rules);
}
