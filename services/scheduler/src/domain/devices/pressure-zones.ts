import type { WorkClass } from "../admission/slot-request.ts";
import { limitBytes, type Rules } from "../rules.ts";
import type { DeviceKind } from "./device-report.ts";

/** How full a device is. */
export type Zone = "green" | "amber" | "red";

/** Returns a device's next zone at `usedFraction`, with hysteresis: it leaves a zone at a lower bound than it enters it. */
export function nextZone(zone: Zone, usedFraction: number, rules: Rules): Zone {
  if (usedFraction > rules.amberFraction) return "red";
  if (zone === "red" && usedFraction >= rules.leaveRedFraction) return "red";
  if (usedFraction > rules.greenFraction) return "amber";
  return zone !== "green" && usedFraction >= rules.leaveAmberFraction ? "amber" : "green";
}

/** Memory in use, and the additional memory of a grant. */
export type MemoryNeed = { readonly usedBytes: number; readonly deltaBytes: number };

/**
 * Returns why the memory of a device forbids a grant, or undefined if it does not. Green: any work up to the green bound. Amber, or
 * beyond that bound: light work, and heavy work without additional memory. Red: only light work without additional memory.
 */
export function memoryVeto(
  device: { readonly kind: DeviceKind; readonly totalBytes: number; readonly zone: Zone },
  workClass: WorkClass,
  { usedBytes, deltaBytes }: MemoryNeed,
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

/** Returns the most memory that may be in use on a device after a grant of additional memory to work of a class. */
export function maxUsedBytes(
  device: { readonly kind: DeviceKind; readonly totalBytes: number },
  workClass: WorkClass,
  rules: Rules,
): number {
  const fraction = workClass === "light" ? rules.amberFraction : rules.greenFraction;
  return limitBytes(device.kind, device.totalBytes, fraction, rules);
}
