import { reasonFromEnum } from "@pixelmesh/errors";
import { type JobChange, operationOf, savedMsOf } from "@pixelmesh/pipeline";
import type { Logger } from "@pixelmesh/telemetry";
import type { StoredJob } from "../stores/job-store.ts";
import { runInJobTrace } from "./job-trace.ts";

/** Logs one line for each step whose result or failure came from the result cache. No worker logs such a step. */
export function logCachedSteps(log: Logger, { spec, record }: StoredJob, changes: readonly JobChange[]): void {
  for (const change of changes) {
    if (change.$case !== "cached" && change.$case !== "refused") continue;
    const planned = spec.steps.find(({ step }) => step?.id === change.stepId)?.step;
    const step = record.steps.find(({ id }) => id === change.stepId);
    const fields = {
      jobId: spec.jobId,
      stepId: change.stepId,
      operation: planned ? operationOf(planned).$case : "none",
      outcome: change.$case,
      ...(change.$case === "cached" ? { savedMs: step ? savedMsOf(step) : 0 } : {}),
      ...(change.$case === "refused" ? { reason: reasonFromEnum(change.error.reason) } : {}),
    };
    runInJobTrace(spec, () => log.info(fields, "step answered from the result cache"));
  }
}
