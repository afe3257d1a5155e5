import { isDeterministic, reasonFromEnum } from "@pixelmesh/errors";
import { type JobRecord, type JobSpec, JobState } from "@pixelmesh/proto";

/** What a job is counted as: the service that does the most expensive of its steps; prescale where nothing else is done. */
export type PipelineKind = "upscale" | "background" | "effects" | "prescale";

/** How a job ended, as operators count it. */
export type JobOutcome = "succeeded" | "failed" | "timed_out" | "dead_lettered" | "rejected" | "cancelled";

/** The kind of a job's pipeline: a closed list, by which metrics and alerts tell jobs apart. */
export function pipelineKind({ steps }: Pick<JobSpec, "steps">): PipelineKind {
  const kinds = ["upscale", "background", "effects"] as const;
  return kinds.find((kind) => steps.some(({ service }) => service === kind)) ?? "prescale";
}

/** The outcome of an ended job: what is the request's own fault is `rejected`, and no failure of the mesh. */
export function outcomeOf({ state, error }: Pick<JobRecord, "state" | "error">): JobOutcome {
  if (state === JobState.SUCCEEDED) return "succeeded";
  if (state === JobState.CANCELLED) return "cancelled";
  const reason = error ? reasonFromEnum(error.reason) : "INTERNAL";
  if (reason === "DEADLINE_EXCEEDED") return "timed_out";
  if (reason === "POISON") return "dead_lettered";
  return isDeterministic(reason) ? "rejected" : "failed";
}
