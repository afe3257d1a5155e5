import { type Bus, hasWork } from "@pixelmesh/bus";
import { isClaimAlive } from "@pixelmesh/pipeline";
import type { JobSpec, ResultClaim, StepRecord, StepRun } from "@pixelmesh/proto";
import { workerRoles } from "@pixelmesh/roles";
import { readJobLog } from "../stores/job-events.ts";
import type { JobStore } from "../stores/job-store.ts";
import type { KnownStarts } from "./known-starts.ts";

/** Whether the step that holds a claim is still open. */
export async function isHolderOpen(store: Pick<JobStore, "find">, claim: ResultClaim, key: string): Promise<boolean> {
  return isClaimAlive(claim, key, (await store.find(claim.jobId))?.record);
}

/** Whether the broker holds the work item of a run. `ended` is a run that has ended although its work item may still be there. */
export async function isRunOpen(
  bus: Bus,
  run: StepRun,
  serviceName: string,
  ended: StepRun | undefined,
): Promise<boolean> {
  const hasEnded = ended?.jobId === run.jobId && ended.stepId === run.stepId && ended.attempt >= run.attempt;
  const service = workerRoles.find((known) => known === serviceName);
  return !hasEnded && service !== undefined && hasWork(bus, service, run);
}

/**
 * Whether a worker announced a start of the step's attempt, or the log holds one. Another replica may not have written that start to the
 * record yet.
 */
export async function hasStarted(
  bus: Bus,
  starts: Pick<KnownStarts, "has">,
  spec: JobSpec,
  { id, attempt }: StepRecord,
): Promise<boolean> {
  if (starts.has({ jobId: spec.jobId, stepId: id, attempt })) return true;
  const events = await readJobLog(bus, spec);
  return events.some(({ event, stepId, attempt: of }) => event?.$case === "started" && stepId === id && of === attempt);
}
