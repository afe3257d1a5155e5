import { isDeterministic, reasonFromEnum } from "@pixelmesh/errors";
import { type JobRecord, type JobSpec, JobState } from "@pixelmesh/proto";
import type { WorkerRole } from "@pixelmesh/roles";

/** The kind of the pipelines whose most expensive step each role runs. The most expensive role comes first. */
const kindOfRole = {
  remote: "remote",
  upscale: "upscale",
  background: "background",
  effects: "effects",
  ingest: "prescale",
} as const satisfies Record<WorkerRole, string>;

/** The kind of a pipeline: the role of its most expensive step, or `prescale` where ingest runs all of its steps. */
export type PipelineKind = (typeof kindOfRole)[WorkerRole];

/** All kinds of pipelines. */
export const pipelineKinds: readonly PipelineKind[] = Object.values(kindOfRole);

/** The end of a job, for metrics. */
export type JobOutcome = "succeeded" | "failed" | "timed_out" | "dead_lettered" | "rejected" | "cancelled";

/** The kind of a job's pipeline, by which metrics and alerts group jobs. */
export function pipelineKind({ steps }: Pick<JobSpec, "steps">): PipelineKind {
  const roles = Object.keys(kindOfRole) as WorkerRole[];
  return kindOfRole[roles.find((role) => steps.some(({ service }) => service === role)) ?? "ingest"];
}

/** The outcome of an ended job. A failure that the request itself caused is `rejected`; it is no failure of the mesh. */
export function outcomeOf({ state, error }: Pick<JobRecord, "state" | "error">): JobOutcome {
  if (state === JobState.SUCCEEDED) return "succeeded";
  if (state === JobState.CANCELLED) return "cancelled";
  const reason = error ? reasonFromEnum(error.reason) : "INTERNAL";
  if (reason === "DEADLINE_EXCEEDED") return "timed_out";
  if (reason === "POISON") return "dead_lettered";
  return isDeterministic(reason) ? "rejected" : "failed";
}
