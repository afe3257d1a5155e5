import { type MeasuredRates, operationOf, operations, rateKeyOf, stepMegapixels } from "@pixelmesh/pipeline";
import type { JobEvent } from "@pixelmesh/proto";
import type { LoadMonitor } from "../admission/load-monitor.ts";
import type { StoredJob } from "../stores/job-store.ts";

/** Receivers of measured durations. */
export type DurationParts = {
  readonly rates: Pick<MeasuredRates, "observe">;
  readonly load: Pick<LoadMonitor, "recordStep">;
};

/** Records how long a completed step waited and ran, for time estimates and for the load. Ignores other events. */
export function recordDuration({ rates, load }: DurationParts, job: StoredJob, { stepId, event }: JobEvent): void {
  const planned = job.spec.steps.find(({ step }) => step?.id === stepId);
  if (event?.$case !== "completed" || !planned?.step) return;
  const { runMs = 0, device = "", cold = false } = event.value.result?.provenance ?? {};
  const deviceKind = device.startsWith("host-") ? "cpu" : "gpu";
  rates.observe(rateKeyOf(planned.step, cold), deviceKind, stepMegapixels(planned), runMs);
  const { usesModel } = operations[operationOf(planned.step).$case];
  const step = job.record.steps.find(({ id }) => id === stepId);
  if (usesModel && step && !step.cached)
    load.recordStep(planned.service, Math.max(0, step.startedUnixMs - step.readyUnixMs), runMs);
}
