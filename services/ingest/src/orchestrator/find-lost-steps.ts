import { hasWork } from "@pixelmesh/bus";
import { type JobChange, overdueSteps } from "@pixelmesh/pipeline";
import { type StepRecord, StepState } from "@pixelmesh/proto";
import type { ServiceBase } from "@pixelmesh/service";
import type { ResultCache } from "@pixelmesh/worker";
import { readJobLog } from "../stores/job-events.ts";
import type { StoredJob } from "../stores/job-store.ts";
import { toWorkerRole } from "./dispatch.ts";

/**
 * Returns the changes that bring an open job up to date: its deadline; if the work item of a step is lost, every job event of
 * the log; then `lost` for each RUNNING step without a work item. Events that were applied before change nothing.
 */
export async function findLostSteps(
  {
    base,
    results,
    reconcileAfterMs,
  }: { base: Pick<ServiceBase, "bus" | "metrics">; results: Pick<ResultCache, "read">; reconcileAfterMs: number },
  { spec, record }: StoredJob,
): Promise<JobChange[]> {
  const { bus, metrics } = base;
  const changes: JobChange[] = [{ $case: "deadline" }];
  const lost: JobChange[] = [];
  let isReplayNeeded = false;
  for (const { index, step } of overdueSteps(record, Date.now(), reconcileAfterMs)) {
    const run = { jobId: spec.jobId, stepId: step.id, attempt: step.attempt, priority: spec.priority };
    if (step.state === StepState.READY && (await isServedByOther(results, spec.jobId, step))) continue;
    if (await hasWork(bus, toWorkerRole(spec.steps[index]?.service ?? ""), run)) continue;
    isReplayNeeded = true;
    if (step.state === StepState.RUNNING) lost.push({ $case: "lost", stepId: step.id, attempt: step.attempt });
  }
  if (isReplayNeeded) {
    const events = await readJobLog(bus, spec);
    changes.push(...events.map((event): JobChange => ({ $case: "event", event })));
  }
  if (lost.length > 0) metrics.count("pixelmesh_reconciled_total", { what: "lost_step" });
  return [...changes, ...lost];
}

/** Whether a step has no work item of its own, because it waits for another step's claim or for a run that was handed over to it. */
async function isServedByOther(
  results: Pick<ResultCache, "read">,
  jobId: string,
  { id, resultKey }: StepRecord,
): Promise<boolean> {
  const state = resultKey === "" ? undefined : (await results.read(resultKey))?.value.state;
  if (state?.$case !== "claimed") return false;
  return state.value.jobId !== jobId || state.value.stepId !== id || state.value.carrier !== undefined;
}
