import type { SlotRequest } from "../src/domain/admission/slot-request.ts";
import type { CallLimits, ProviderReport } from "../src/domain/devices/provider-report.ts";
import { defaultRules, type Rules } from "../src/domain/rules.ts";
import { createScheduler } from "../src/domain/scheduler.ts";

/** The id of the only provider. */
export const providerId = "provider/p";

/** The usual limits, with changes. */
export const limitsWith = (changes: Partial<CallLimits> = {}): CallLimits => ({
  light: 8,
  heavy: 4,
  exclusive: 2,
  models: {},
  tenants: {},
  ...changes,
});

/** Starts a scheduler with one provider, as reporters tell of it. */
export function startProvider(changes: Partial<Rules> = {}, term = 7) {
  const scheduler = createScheduler({ rules: { ...defaultRules, ...changes }, profiles: new Map(), term });
  const clock = { nowMs: 0 };
  const open = new Set<string>();
  const report = (
    limits: Partial<CallLimits> = {},
    { reporter = "remote/0", ...told }: Partial<ProviderReport> & { readonly reporter?: string } = {},
  ) =>
    scheduler.report(
      reporter,
      [
        {
          deviceId: providerId,
          kind: "provider",
          name: "p",
          totalBytes: 0,
          observedBytes: 0,
          computeTokens: 0,
          hosts: [],
          ownProcessBytes: 0,
          processesHidden: false,
          provider: { limits: limitsWith(limits), closedForMs: 0, closedWhy: "", isProbing: false, ...told },
        },
      ],
      open,
      clock.nowMs,
    );
  const ask = (callId: string, more: Partial<SlotRequest> = {}) =>
    scheduler.request(
      callId,
      {
        service: "remote",
        instance: "0",
        deviceIds: [providerId],
        jobId: callId,
        stepId: "s",
        tenant: "t",
        workClass: "light",
        priority: "interactive",
        deadlineMs: Number.POSITIVE_INFINITY,
        model: "m",
        modelDigest: "digest",
        hostId: "",
        resume: undefined,
        options: [{ tilePx: 0, batch: 1, peakBytes: 0, computeTokens: 0 }],
        ...more,
      },
      clock.nowMs,
    );
  const release = (callId: string) =>
    scheduler.release(callId, { peakBytes: 0, runMs: 0, outOfMemory: false }, clock.nowMs);
  const later = (ms: number) => {
    clock.nowMs += ms;
    return scheduler.tick(clock.nowMs);
  };
  const view = () => scheduler.snapshot(clock.nowMs);
  return { scheduler, clock, open, report, ask, release, later, view };
}
