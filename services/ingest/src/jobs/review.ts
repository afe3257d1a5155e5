import { hasWork, readJobEvents } from "@pixelmesh/bus";
import { type JobChange, owedSteps } from "@pixelmesh/pipeline";
import { StepState } from "@pixelmesh/proto";
import type { ServiceBase } from "@pixelmesh/service";
import { toWorkService } from "./dispatch.ts";
import type { StoredJob } from "./job-store.ts";

const maxEvents = 2_000;

/**
 * What a look at an open job brings to light: its deadline, and for steps whose message is gone every fact that the log has of
 * the job, then that whoever ran them is gone. Facts that were known already change nothing.
 */
export async function reviewJob(
  { base, reconcileAfterMs }: { base: ServiceBase; reconcileAfterMs: number },
  { spec, record }: StoredJob,
): Promise<JobChange[]> {
  const { bus, metrics } = base;
  const changes: JobChange[] = [{ $case: "deadline" }];
  const gone: JobChange[] = [];
  let isReplayNeeded = false;
  for (const { index, step } of owedSteps(record, Date.now(), reconcileAfterMs)) {
    const run = { jobId: spec.jobId, stepId: step.id, attempt: step.attempt, priority: spec.priority };
    if (await hasWork(bus, toWorkService(spec.steps[index]?.service ?? ""), run)) continue;
    isReplayNeeded = true;
    if (step.state === StepState.RUNNING) gone.push({ $case: "lost", stepId: step.id, attempt: step.attempt });
  }
  if (isReplayNeeded) {
    const events = await readJobEvents(bus, spec.jobId, maxEvents);
    changes.push(...events.map((event): JobChange => ({ $case: "event", event })));
  }
  if (gone.length > 0) metrics.count("pixelmesh_reconciled_total", { what: "lost_step" });
  return [...changes, ...gone];
}
