import { type Device, isFresh, usageOf } from "../devices/device.ts";
import { rulesFor } from "../devices/oom-backoff.ts";
import { maxUsedBytes } from "../devices/pressure-zones.ts";
import { isNeverCalled } from "./decide-call.ts";
import { type AdmissionContext, predictOption } from "./predict-option.ts";
import type { SlotRequest } from "./slot-request.ts";

/** Memory that a device still uses when it is drained: without slots and idle hosts. */
export type DrainedUse = {
  /** Of the services' own processes. */
  readonly processBytes: number;
  /** Of hosts with pinned models. */
  readonly pinnedBytes: number;
  /** Of other programs, and of ended hosts that have not given theirs back. */
  readonly externalBytes: number;
};

/** Returns the memory that a device would use when drained. */
export function drainedUse(device: Device): DrainedUse {
  let processBytes = 0;
  let pinnedBytes = 0;
  for (const owner of device.owners.values()) {
    if (owner.kind === "process") processBytes += owner.idleBytes;
    if (owner.host?.models.some((model) => model.pinned)) pinnedBytes += owner.usedBytes;
  }
  return { processBytes, pinnedBytes, externalBytes: usageOf(device).externalBytes };
}

/**
 * Returns whether a request would fit a drained device: without slots and idle hosts, but with pinned models and external memory. False for a provider, which
 * is never reserved or drained.
 */
export function fitsWhenDrained(device: Device, request: SlotRequest, context: AdmissionContext): boolean {
  if (device.kind === "provider") return false;
  const { processBytes, pinnedBytes, externalBytes } = drainedUse(device);
  return isFresh(device) && fitsBeside(device, request, processBytes + pinnedBytes + externalBytes, context);
}

/** Returns whether a request would fit a device on which nothing but `remainingBytes` is in use. */
export function fitsBeside(
  device: Device,
  request: SlotRequest,
  remainingBytes: number,
  context: AdmissionContext,
): boolean {
  const rules = rulesFor(device, context.rules);
  if (device.zone !== "green" && remainingBytes >= device.totalBytes * rules.leaveAmberFraction) return false;
  const freeBytes = maxUsedBytes(device, request.workClass, rules) - remainingBytes;
  return request.options.some((_, index) => predictOption(device, request, index, context).peakBytes <= freeBytes);
}

/** Returns whether all devices of a request are known, and too small for each of its options even when empty or providers that take no such calls. */
export function fitsNowhere(
  request: SlotRequest,
  devices: ReadonlyMap<string, Device>,
  context: AdmissionContext,
): boolean {
  return request.deviceIds.every((deviceId) => {
    const device = devices.get(deviceId);
    if (device === undefined) return false;
    if (device.kind === "provider") return isNeverCalled(device, request);
    const freeBytes = maxUsedBytes(device, request.workClass, context.rules);
    return request.options.every((_, index) => predictOption(device, request, index, context).peakBytes > freeBytes);
  });
}
