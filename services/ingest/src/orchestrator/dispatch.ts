import { hasWork, publishWork } from "@pixelmesh/bus";
import { AppError } from "@pixelmesh/errors";
import { type JobChange, type ReadyStep, readySteps, toWorkItem } from "@pixelmesh/pipeline";
import type { StepRun } from "@pixelmesh/proto";
import { type WorkerRole, workerRoles } from "@pixelmesh/roles";
import type { ServiceBase } from "@pixelmesh/service";
import type { StoredJob } from "../stores/job-store.ts";
import type { SmallPictures } from "../stores/small-pictures.ts";
import type { EqualStepNotices } from "./equal-step-notices.ts";
import { fillInputs } from "./fill-inputs.ts";
import { runInJobTrace } from "./job-trace.ts";
import type { SingleFlight } from "./single-flight.ts";

/** Dependencies of `dispatchReady`. */
export type DispatchParts = {
  readonly base: Pick<ServiceBase, "bus" | "log">;
  readonly flight: Pick<SingleFlight, "decide">;
  /** Tells watchers which steps wait for equal ones. */
  readonly equalSteps: EqualStepNotices;
  /** The small pictures that work items carry. */
  readonly smallPictures: Pick<SmallPictures, "find">;
  /** The subject on which this replica takes events. */
  readonly eventsTo: string;
  /** From this age on, in milliseconds, a step's work item may be lost. */
  readonly reconcileAfterMs: number;
};

/** Why a job is dispatched now. */
export type DispatchContext = {
  /** A run that has ended although the broker may still hold its work item. */
  readonly endedRun?: StepRun;
  /** Publish lost work items under a new message id, because the broker would drop a repeated id. Set after the job's log was read. */
  readonly republish?: boolean;
};

/**
 * Dispatches every READY step: takes a stored result, waits for an equal step in flight, or publishes a work item. Returns the
 * changes that stored results make. The action depends on the job's state alone, so the function is idempotent and runs after
 * every change and every crash. The broker drops repeated messages; a work item older than `reconcileAfterMs` is published again
 * only if it is lost.
 */
export async function dispatchReady(
  parts: DispatchParts,
  job: StoredJob,
  context: DispatchContext,
): Promise<JobChange[]> {
  const changes = await Promise.all(
    readySteps(job.spec, job.record).map(async (ready): Promise<JobChange | undefined> => {
      const { stepId, resultKey: key } = ready;
      const decision = await parts.flight.decide(job, ready, context.endedRun);
      if (decision.$case === "use") {
        const { result, tier, coalesced } = decision;
        return { $case: "cached", stepId, key, result, tier, coalesced };
      }
      if (decision.$case === "refuse") return { $case: "refused", stepId, key, error: decision.error };
      if (decision.$case === "wait") parts.equalSteps.waits(job.spec.jobId, ready);
      if (decision.$case === "run") {
        parts.equalSteps.dispatched(job.spec.jobId, ready);
        await publishReady(parts, job, ready, context.republish ?? false);
      }
      return undefined;
    }),
  );
  return changes.filter((change) => change !== undefined);
}

async function publishReady(
  { base: { bus, log }, smallPictures, eventsTo, reconcileAfterMs }: DispatchParts,
  { spec, record }: StoredJob,
  { index, delayMs, readyUnixMs, service: name }: ReadyStep,
  republish: boolean,
): Promise<void> {
  const service = toWorkerRole(name);
  const nowUnixMs = Date.now();
  const ageMs = nowUnixMs - readyUnixMs;
  // Workers count the time to the deadline from when the broker received the message.
  const times = { nowUnixMs: nowUnixMs + Math.max(0, delayMs - ageMs), keepUntilUnixMs: record.outputsExpireUnixMs };
  const bare = toWorkItem(spec, record, index, times);
  const item = { ...bare, inputs: fillInputs(smallPictures, spec, bare.inputs), eventsTo };
  if (ageMs > reconcileAfterMs && (await hasWork(bus, service, item))) return;
  const repeat = republish && ageMs > reconcileAfterMs ? String(Math.floor(nowUnixMs / reconcileAfterMs)) : "";
  const send = () => runInJobTrace(spec, () => publishWork(bus, service, item, repeat));
  if (ageMs >= delayMs) return send();
  // Not awaited, because other events of the job must not wait for it. If this process dies, the reconciler publishes the item.
  setTimeout(() => {
    send().catch((error: unknown) =>
      log.warn({ err: error, jobId: spec.jobId, stepId: item.stepId }, "repeated attempt not published yet"),
    );
  }, delayMs - ageMs).unref();
}

/** Returns the role that takes a step's work. Throws INTERNAL if no role does. */
export function toWorkerRole(name: string): WorkerRole {
  const service = workerRoles.find((known) => known === name);
  if (!service) throw new AppError("INTERNAL", `No service takes the work of ${name}`);
  return service;
}
