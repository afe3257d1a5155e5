import { reasonFromEnum } from "@pixelmesh/errors";
import { type JobChange, operationOf } from "@pixelmesh/pipeline";
import type { Logger } from "@pixelmesh/telemetry";
import type { StoredJob } from "../stores/job-store.ts";
import { inTraceOf } from "./job-trace.ts";

/** One line for each step that no worker gets to see, because its result or its failure was there already. */
export function logAnswered(log: Logger, { spec, record }: StoredJob, changes: readonly JobChange[]): void {
  for (const change of changes) {
    if (change.$case !== "cached" && change.$case !== "refused") continue;
    const planned = spec.steps.find(({ step }) => step?.id === change.stepId)?.step;
    const step = record.steps.find(({ id }) => id === change.stepId);
    const fields = {
      jobId: spec.jobId,
      stepId: change.stepId,
      stage: planned ? operationOf(planned).$case : "none",
      outcome: change.$case,
      ...(change.$case === "cached" ? { savedMs: step?.result?.provenance?.runMs ?? 0 } : {}),
      ...(change.$case === "refused" ? { reason: reasonFromEnum(change.error.reason) } : {}),
    };
    inTraceOf(spec, () => log.info(fields, "step answered from what is stored"));
  }
}
