import { defaultRules, type Rules } from "../src/domain/rules.ts";
import { createScheduler } from "../src/domain/scheduler.ts";
import type { DeviceReport, Effect, SlotRequest } from "../src/domain/types.ts";

/** A release that measured nothing. */
export const measured = { peakBytes: 0, runMs: 0, outOfMemory: false };

/** A scheduler with one memory device of 1,000 bytes with 4 cores: green up to 850, amber up to 950. `open`: slots that reports tell. */
export function start(changes: Partial<Rules> = {}, cards = new Map()) {
  const scheduler = createScheduler({ rules: { ...defaultRules, ...changes }, cards, term: 7 });
  const clock = { nowMs: 0 };
  const open = new Set<string>();
  const report = (observedBytes: number, hosts: DeviceReport["hosts"] = [], reporter = "s/0", ownProcessBytes = 0) =>
    scheduler.report(
      reporter,
      [
        {
          ...{ deviceId: "d", kind: "memory", name: "host", totalBytes: 1000, observedBytes, computeTokens: 4 },
          ...{ hosts, ownProcessBytes, processesHidden: false },
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
    return scheduler.request(
      callId,
      {
        ...{ service: "s", instance: "0", deviceIds: ["d"], jobId: "j", stepId: "s", tenant: "t", workClass: "light" },
        ...{ priority: "interactive", deadlineMs: Number.POSITIVE_INFINITY, modelDigest: "", hostId: "" },
        ...{ resume: undefined, options, ...rest },
      } as SlotRequest,
      clock.nowMs,
    );
  };
  const release = (callId: string, measurement = measured) => scheduler.release(callId, measurement, clock.nowMs);
  const later = (ms: number) => {
    clock.nowMs += ms;
    return scheduler.tick(clock.nowMs);
  };
  const device = () => scheduler.snapshot(clock.nowMs).devices[0]!;
  return { scheduler, clock, open, report, ask, release, later, device };
}

/** A host as reported: idle, without models, unless changed. */
export const host = (hostId: string, usedBytes: number, more: Partial<DeviceReport["hosts"][number]> = {}) => ({
  ...{ hostId, usedBytes, busy: false, models: [] },
  ...more,
});
/** The calls that were granted. */
export const granted = (effects: Effect[]) => effects.flatMap((one) => (one.kind === "grant" ? [one.callId] : []));
/** The calls that were ended, with the reason. */
export const ended = (effects: Effect[]) =>
  effects.flatMap((one) => (one.kind === "end" ? [[one.callId, one.error.reason]] : []));
/** The commands to reporters. */
export const commands = (effects: Effect[]) => effects.flatMap((one) => (one.kind === "command" ? [one] : []));
