import { hasWork } from "@pixelmesh/bus";
import { type JobChange, owedSteps } from "@pixelmesh/pipeline";
import { type StepRecord, StepState } from "@pixelmesh/proto";
import type { ServiceBase } from "@pixelmesh/service";
import type { Results } from "@pixelmesh/worker";
import { readJobLog } from "../stores/job-events.ts";
import type { StoredJob } from "../stores/job-store.ts";
import { toWorkerRole } from "./dispatch.ts";

/**
 * What a look at an open job brings to light: its deadline, and for steps whose message is gone every fact that the log has of
 * the job, then that whoever ran them is gone. Facts that were known already change nothing.
 */
export async function reviewJob(
  { base, results, reconcileAfterMs }: { base: ServiceBase; results: Results; reconcileAfterMs: number },
  { spec, record }: StoredJob,
): Promise<JobChange[]> {
  const { bus, metrics } = base;
  const changes: JobChange[] = [{ $case: "deadline" }];
  const gone: JobChange[] = [];
  let isReplayNeeded = false;
  for (const { index, step } of owedSteps(record, Date.now(), reconcileAfterMs)) {
    const run = { jobId: spec.jobId, stepId: step.id, attempt: step.attempt, priority: spec.priority };
    if (step.state === StepState.READY && (await isServedByOther(results, spec.jobId, step))) continue;
    if (await hasWork(bus, toWorkerRole(spec.steps[index]?.service ?? ""), run)) continue;
    isReplayNeeded = true;
    if (step.state === StepState.RUNNING) gone.push({ $case: "lost", stepId: step.id, attempt: step.attempt });
  }
  if (isReplayNeeded) {
    const events = await readJobLog(bus, spec);
    changes.push(...events.map((event): JobChange => ({ $case: "event", event })));
  }
  if (gone.length > 0) metrics.count("pixelmesh_reconciled_total", { what: "lost_step" });
  return [...changes, ...gone];
}

/** Whether a step waits for a claim of another, or for a run that was handed over to it: it has no message of its own then. */
async function isServedByOther(results: Results, jobId: string, { id, resultKey }: StepRecord): Promise<boolean> {
  const state = resultKey === "" ? undefined : (await results.read(resultKey))?.value.state;
  if (state?.$case !== "claimed") return false;
  return state.value.jobId !== jobId || state.value.stepId !== id || state.value.carrier !== undefined;
}
