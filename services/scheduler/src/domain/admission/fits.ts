import { type Device, isFresh, usageOf } from "../devices/device.ts";
import { rulesFor } from "../devices/oom-backoff.ts";
import { maxUsedBytes } from "../devices/pressure-zones.ts";
import { type AdmissionContext, predictOption } from "./predict-option.ts";
import type { SlotRequest } from "./slot-request.ts";

/** Returns whether a request would fit a drained device: without slots and idle hosts, but with pinned models and external memory. */
export function fitsWhenDrained(device: Device, request: SlotRequest, context: AdmissionContext): boolean {
  if (!isFresh(device)) return false;
  const rules = rulesFor(device, context.rules);
  let remainingBytes = usageOf(device).externalBytes;
  for (const owner of device.owners.values()) {
    if (owner.kind === "process") remainingBytes += owner.idleBytes;
    if (owner.host?.models.some((model) => model.pinned)) remainingBytes += owner.usedBytes;
  }
  if (device.zone !== "green" && remainingBytes >= device.totalBytes * rules.leaveAmberFraction) return false;
  const freeBytes = maxUsedBytes(device, request.workClass, rules) - remainingBytes;
  return request.options.some((_, index) => predictOption(device, request, index, context).peakBytes <= freeBytes);
}

/** Returns whether all devices of a request are known and too small for each of its options even when empty. */
export function fitsNowhere(
  request: SlotRequest,
  devices: ReadonlyMap<string, Device>,
  context: AdmissionContext,
): boolean {
  return request.deviceIds.every((deviceId) => {
    const device = devices.get(deviceId);
    if (device === undefined) return false;
    const freeBytes = maxUsedBytes(device, request.workClass, context.rules);
    return request.options.every((_, index) => predictOption(device, request, index, context).peakBytes > freeBytes);
  });
}
