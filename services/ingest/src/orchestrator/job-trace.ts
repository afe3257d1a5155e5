import type { JobSpec } from "@pixelmesh/proto";
import { withExtractedTrace } from "@pixelmesh/telemetry";

/** Runs `work` in the trace of the call that made the job: whoever does it, and whenever, it belongs there. */
export function inTraceOf<T>({ traceparent }: Pick<JobSpec, "traceparent">, work: () => T): T {
  return withExtractedTrace((name) => (name === "traceparent" && traceparent !== "" ? traceparent : undefined), work);
}
