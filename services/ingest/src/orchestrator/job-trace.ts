import type { JobSpec } from "@pixelmesh/proto";
import { withExtractedTrace } from "@pixelmesh/telemetry";

/** Runs `work` in the trace of the call that created the job, on any replica and at any later time. */
export function runInJobTrace<T>({ traceparent }: Pick<JobSpec, "traceparent">, work: () => T): T {
  return withExtractedTrace((name) => (name === "traceparent" && traceparent !== "" ? traceparent : undefined), work);
}
