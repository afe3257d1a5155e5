import type { SlotRequest } from "../src/domain/admission/slot-request.ts";
import type { DeviceReport } from "../src/domain/devices/device-report.ts";
import type { SchedulerEffect } from "../src/domain/effects.ts";
import { defaultRules, type Rules } from "../src/domain/rules.ts";
import { createScheduler } from "../src/domain/scheduler.ts";

/** A release without a measurement. */
export const measured = { peakBytes: 0, runMs: 0, outOfMemory: false };

/** Starts a scheduler with one memory device of 1,000 bytes and 4 cores: green up to 850, amber up to 950. `open`: open slots in reports. */
export function start(changes: Partial<Rules> = {}, profiles = new Map()) {
  const scheduler = createScheduler({ rules: { ...defaultRules, ...changes }, profiles, term: 7 });
  const clock = { nowMs: 0 };
  const open = new Set<string>();
  const report = (observedBytes: number, hosts: DeviceReport["hosts"] = [], reporter = "s/0", ownProcessBytes = 0) =>
    scheduler.report(
      reporter,
      [
        {
          deviceId: "d",
          kind: "memory",
          name: "host",
          totalBytes: 1000,
          observedBytes,
          computeTokens: 4,
          hosts,
          ownProcessBytes,
          processesHidden: false,
        },
      ],
      open,
      clock.nowMs,
    );
  const ask = (callId: string, peakBytes: number | number[], more: Partial<SlotRequest> & { tokens?: number } = {}) => {
    const { tokens = 0, ...rest } = more;
    const options = [peakBytes]
      .flat()
      .map((peak, n) => ({ tilePx: 512 >> n, batch: 1, peakBytes: peak, computeTokens: tokens }));
    const request: SlotRequest = {
      service: "s",
      instance: "0",
      deviceIds: ["d"],
      jobId: "j",
      stepId: "s",
      tenant: "t",
      workClass: "light",
      priority: "interactive",
      deadlineMs: Number.POSITIVE_INFINITY,
      modelDigest: "",
      hostId: "",
      resume: undefined,
      options,
      ...rest,
    };
    return scheduler.request(callId, request, clock.nowMs);
  };
  const release = (callId: string, measurement = measured) => scheduler.release(callId, measurement, clock.nowMs);
  const later = (ms: number) => {
    clock.nowMs += ms;
    return scheduler.tick(clock.nowMs);
  };
  const device = () => scheduler.snapshot(clock.nowMs).devices[0]!;
  return { scheduler, clock, open, report, ask, release, later, device };
}

/** Returns the report of an idle host without models, with changes. */
export const host = (hostId: string, usedBytes: number, more: Partial<DeviceReport["hosts"][number]> = {}) => ({
  hostId,
  usedBytes,
  busy: false,
  models: [],
  ...more,
});
/** Returns the granted calls. */
export const granted = (effects: SchedulerEffect[]) =>
  effects.flatMap((one) => (one.kind === "grant" ? [one.callId] : []));
/** Returns the ended calls with their error reasons. */
export const ended = (effects: SchedulerEffect[]) =>
  effects.flatMap((one) => (one.kind === "end" ? [[one.callId, one.error.reason]] : []));
/** Returns the commands to reporters. */
export const commands = (effects: SchedulerEffect[]) => effects.flatMap((one) => (one.kind === "command" ? [one] : []));
