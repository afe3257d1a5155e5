import { expireRequests, expireSlots } from "./admission/expire.ts";
import { learnFromRelease } from "./admission/learn-from-release.ts";
import { endedSlots } from "./admission/ledger.ts";
import type { MemoryProfiles } from "./admission/memory-profiles.ts";
import { createRequestQueue } from "./admission/queue.ts";
import { noticeFor } from "./admission/queue-notices.ts";
import { createQueuePass } from "./admission/queue-pass.ts";
import { requestSlot } from "./admission/request-slot.ts";
import type { Measurement, SlotRequest } from "./admission/slot-request.ts";
import { createSlotTable, toGrantEffect } from "./admission/slot-table.ts";
import { createRedirectHistory } from "./admission/warm-peer.ts";
import { applyDeviceReport, dropReporter, dropStaleReporters } from "./devices/apply-report.ts";
import { createDevice, type Device, updateZone } from "./devices/device.ts";
import type { DeviceReport } from "./devices/device-report.ts";
import { lowerGreen, raiseGreen } from "./devices/oom-backoff.ts";
import type { SchedulerEffect } from "./effects.ts";
import { relievePressure } from "./relief/relieve-pressure.ts";
import type { Rules } from "./rules.ts";
import { type SchedulerSnapshot, toSnapshot } from "./snapshot.ts";

/** A device without reporters and slots is forgotten after this time. */
const forgetDeviceMs = 60_000;

/**
 * The state of admission, changed by events. Each event passes the time, in ms on a monotonic clock, and returns the effects to carry
 * out. Pure: no waiting, no clock, no I/O.
 */
export type Scheduler = {
  /**
   * A reporter sent its devices; devices that it no longer names lose this reporter. `openSlots`: ids of the slots that it holds. A
   * slot whose call broke and that is not listed has ended, once its host is idle.
   */
  report(
    reporterId: string,
    reports: readonly DeviceReport[],
    openSlots: ReadonlySet<string>,
    nowMs: number,
  ): SchedulerEffect[];
  /** The stream of a reporter ended. */
  detach(reporterId: string, nowMs: number): SchedulerEffect[];
  /** A call requests its slot: it is granted, queued, redirected or ended. */
  request(callId: string, request: SlotRequest, nowMs: number): SchedulerEffect[];
  /** A call renews its slot for another `validMs`. */
  renew(callId: string, nowMs: number): SchedulerEffect[];
  /** A call releases its slot. Idempotent; without a slot it does nothing. */
  release(callId: string, measurement: Measurement, nowMs: number): SchedulerEffect[];
  /** A call ended: a waiting request is removed, a held slot stays charged until it expires or its host is idle. */
  disconnect(callId: string, nowMs: number): SchedulerEffect[];
  /** Time passed: handles expiry, deadlines and clean-up. Call it several times a second. */
  tick(nowMs: number): SchedulerEffect[];
  snapshot(nowMs: number): SchedulerSnapshot;
};

/** Options of a scheduler. It reads `profiles` and adds to them; `term` orders the schedulers that lead one after another. */
export type SchedulerOptions = { readonly rules: Rules; readonly profiles: MemoryProfiles; readonly term: number };

/** Creates a scheduler without devices. */
export function createScheduler({ rules, profiles, term }: SchedulerOptions): Scheduler {
  const devices = new Map<string, Device>();
  const slots = createSlotTable(devices, rules, term);
  const queue = createRequestQueue(rules);
  const redirects = createRedirectHistory();
  const parts = { devices, queue, slots, profiles, rules, term };
  const queuePass = createQueuePass(parts);

  const disconnect = (callId: string, nowMs: number): SchedulerEffect[] => {
    const slot = slots.get(callId);
    if (slot !== undefined) slot.broken = true;
    // Only the end of a reservation changes anything for other requests.
    return queue.remove(callId)?.reserves ? queuePass.run(nowMs) : [];
  };

  return {
    report(reporterId, reports, openSlots, nowMs) {
      for (const report of reports) {
        const device = devices.get(report.deviceId) ?? createDevice(report, nowMs);
        devices.set(report.deviceId, device);
        applyDeviceReport(device, reporterId, report, nowMs, rules);
        for (const slot of endedSlots(device, reporterId, openSlots)) slots.drop(slot, nowMs);
      }
      const named = new Set(reports.map(({ deviceId }) => deviceId));
      for (const device of devices.values()) {
        if (!named.has(device.deviceId)) dropReporter(device, reporterId, nowMs, rules);
      }
      return queuePass.run(nowMs);
    },

    detach(reporterId, nowMs) {
      for (const device of devices.values()) dropReporter(device, reporterId, nowMs, rules);
      return queuePass.run(nowMs);
    },

    request: (callId, request, nowMs) => requestSlot(parts, queuePass, redirects, { callId, request, nowMs }),

    renew(callId, nowMs) {
      const slot = slots.get(callId);
      if (slot === undefined) return [];
      slots.renew(slot, nowMs);
      return [toGrantEffect(slot, rules)];
    },

    release(callId, measurement, nowMs) {
      const slot = slots.get(callId);
      if (slot === undefined) return disconnect(callId, nowMs);
      const device = devices.get(slot.deviceId);
      if (device !== undefined) {
        learnFromRelease(profiles, device, slot, measurement);
        if (measurement.outOfMemory) lowerGreen(device, nowMs, rules);
      }
      slots.drop(slot, nowMs);
      return queuePass.run(nowMs);
    },

    disconnect,

    tick(nowMs) {
      const expired = [...expireSlots(slots, nowMs), ...expireRequests(queue, nowMs, rules)];
      const relief = [...devices.values()].flatMap((device) => maintainDevice(devices, device, nowMs, rules));
      const granted = queuePass.run(nowMs);
      const notices = queue.entries.flatMap((waiting, index) => noticeFor(waiting, index, nowMs, rules));
      return [...expired, ...relief, ...granted, ...notices];
    },

    snapshot: (nowMs) => toSnapshot(devices, queue, nowMs),
  };
}

/** Drops stale reporters, ends the out-of-memory backoff step by step, relieves pressure, and removes a device that is gone. */
function maintainDevice(devices: Map<string, Device>, device: Device, nowMs: number, rules: Rules): SchedulerEffect[] {
  dropStaleReporters(device, nowMs, rules);
  if (raiseGreen(device, nowMs, rules)) updateZone(device, nowMs, rules);
  const effects = relievePressure(device, nowMs, rules);
  const isGone = device.reporters.size === 0 && device.slots.size === 0;
  if (isGone && nowMs - device.seenAtMs > forgetDeviceMs) devices.delete(device.deviceId);
  return effects;
}
