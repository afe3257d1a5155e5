import { isDeepStrictEqual } from "node:util";
import type { AttachDeviceRequest } from "@pixelmesh/proto";

/** Decides which of the reports that are made every second are sent. */
export type ReportPace = {
  /** Whether to send a report that was made now. A report that is sent is what later ones are compared with. */
  isDue(report: AttachDeviceRequest, nowMs: number): boolean;
};

/** The time between two reports at rest. The scheduler ignores a device whose last report is three times as old (`staleMs`). */
const restMs = 2_000;
/** Memory may change by so much of the device before it is reported at once: a small part of the distance between two zones. */
const smallShare = 1 / 256;

/**
 * Creates a pace that sends every report of a process with inference hosts, slots or a closed provider. Without them, a report is sent if the memory of
 * a device has changed by more than 1/256, if the limits of a provider have changed, or 2 s after the last one.
 */
export function createReportPace(): ReportPace {
  let sent: { readonly report: AttachDeviceRequest; readonly atMs: number } | undefined;
  return {
    isDue(report, nowMs) {
      // Timers may fire a little early.
      const isResting = sent !== undefined && nowMs - sent.atMs < restMs - 100 && isAlike(sent.report, report);
      if (isResting) return false;
      sent = { report, atMs: nowMs };
      return true;
    },
  };
}

function isAlike(before: AttachDeviceRequest, now: AttachDeviceRequest): boolean {
  const isIdle = ({ openSlots, devices }: AttachDeviceRequest) =>
    openSlots.length === 0 &&
    devices.every(({ hosts, closedForMs, probing }) => hosts.length === 0 && closedForMs === 0 && !probing);
  if (!isIdle(before) || !isIdle(now) || before.devices.length !== now.devices.length) return false;
  return now.devices.every((device, index) => {
    const earlier = before.devices[index];
    if (earlier?.deviceId !== device.deviceId || earlier.totalBytes !== device.totalBytes) return false;
    if (!isDeepStrictEqual(earlier.callLimits, device.callLimits)) return false;
    const small = device.totalBytes * smallShare;
    const isNear = (a: number, b: number) => Math.abs(a - b) <= small;
    return (
      isNear(earlier.observedBytes, device.observedBytes) && isNear(earlier.ownProcessBytes, device.ownProcessBytes)
    );
  });
}
