import { deltaBytes } from "../admission/ledger.ts";
import { type AdmissionContext, predictOption } from "../admission/predict-option.ts";
import { hostIdsOf, type SlotRequest } from "../admission/slot-request.ts";
import { type Device, usageOf } from "../devices/device.ts";
import { hostKey } from "../devices/memory-owners.ts";
import { rulesFor } from "../devices/oom-backoff.ts";
import { maxUsedBytes } from "../devices/pressure-zones.ts";
import type { SchedulerEffect } from "../effects.ts";
import { chooseEvictions, evictingBytes } from "./choose-evictions.ts";
import { evictHost } from "./evict-host.ts";

/** Evicts idle hosts so that the smallest option of a waiting request fits; evicts none if that is not enough. */
export function evictForRequest(device: Device, request: SlotRequest, context: AdmissionContext): SchedulerEffect[] {
  const { nowMs } = context;
  const rules = rulesFor(device, context.rules);
  const { usedBytes } = usageOf(device);
  const deltas = request.options.map((_, index) => {
    const { peakBytes } = predictOption(device, request, index, context);
    return deltaBytes(device, { request, optionIndex: index, peakBytes }, nowMs);
  });
  const overLimitBytes = usedBytes + Math.min(...deltas) - maxUsedBytes(device, request.workClass, rules);
  // Heavy work waits for the green zone, which a device enters only below `leaveAmberFraction`.
  const overGreenBytes =
    device.zone === "green" || request.workClass === "light"
      ? 0
      : usedBytes - device.totalBytes * rules.leaveAmberFraction + 1;
  const wantedBytes = Math.max(overLimitBytes, overGreenBytes) - evictingBytes(device, nowMs);
  if (wantedBytes <= 0) return [];
  const keepKeys = new Set([...hostIdsOf(request)].map(hostKey));
  const hosts = chooseEvictions(device, wantedBytes, { nowMs, rules, keepKeys });
  return hosts.map((host) => evictHost(host, nowMs, rules));
}
