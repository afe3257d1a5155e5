import type { Device } from "../devices/device.ts";
import { drainedUse, fitsBeside } from "./fits.ts";
import type { AdmissionContext } from "./predict-option.ts";
import type { SlotRequest, WaitReason } from "./slot-request.ts";

/**
 * Why a request waits, as its caller is told: a `WaitReason`, or more exactly `others` (memory of other programs), `quarantine` (memory that
 * ended hosts have not given back), `pinned` (memory of pinned models), `takeover` (grants of an earlier leader may still run). `memory` and
 * `zone` are left for memory that other work of the mesh uses: it comes free when that work ends.
 */
export type WaitCause = WaitReason | "others" | "quarantine" | "pinned" | "takeover";

/**
 * Returns whose memory is in the way of a request that waits on a device. The memory is that of the mesh's work if the request would fit the
 * drained device. Otherwise it is the first of quarantined memory, pinned models and other programs without which the request would fit.
 */
export function explainWait(
  request: SlotRequest,
  wait: WaitReason,
  device: Device | undefined,
  context: AdmissionContext,
): WaitCause {
  if (device === undefined || (wait !== "memory" && wait !== "zone")) return wait;
  if (wait === "zone" && context.nowMs < context.rules.takeoverUntilMs) return "takeover";
  const { processBytes, pinnedBytes, externalBytes } = drainedUse(device);
  const quarantinedBytes = device.leak?.quarantinedBytes ?? 0;
  const restBytes = processBytes + pinnedBytes + externalBytes;
  const fitsWithout = (bytes: number) => fitsBeside(device, request, restBytes - bytes, context);
  if (fitsWithout(0)) return wait;
  if (quarantinedBytes > 0 && fitsWithout(quarantinedBytes)) return "quarantine";
  return pinnedBytes > 0 && fitsWithout(pinnedBytes) ? "pinned" : "others";
}
