import { type Bus, hasWork, publishWork } from "@pixelmesh/bus";
import { AppError } from "@pixelmesh/errors";
import { type JobChange, type ReadyStep, readySteps, toWorkItem } from "@pixelmesh/pipeline";
import type { StepRun } from "@pixelmesh/proto";
import { type WorkerRole, workerRoles } from "@pixelmesh/roles";
import type { Logger } from "@pixelmesh/telemetry";
import type { StoredJob } from "../stores/job-store.ts";
import { inTraceOf } from "./job-trace.ts";
import type { SingleFlight } from "./single-flight.ts";

/** What dispatching needs. */
export type DispatchParts = {
  readonly bus: Bus;
  readonly flight: SingleFlight;
  readonly log: Logger;
  /** From this age on, a step's message may be gone, in milliseconds. */
  readonly reconcileAfterMs: number;
};

/** What is known while a job is looked at. */
export type LookFacts = {
  /** A run that is over although its message may still be there. */
  readonly ended?: StepRun;
  /** Messages that are gone may be published again although the broker remembers their ids: the log was read before. */
  readonly republish?: boolean;
};

/**
 * Sends every READY step on its way: those whose result is stored are answered, those whose equal is in flight wait for
 * it, the others are published. It follows from the state alone, so it is repeated after every change and after any crash;
 * the broker drops repeats, and a step that has waited for long is published again only if its message is gone.
 */
export async function dispatchReady(parts: DispatchParts, job: StoredJob, facts: LookFacts): Promise<JobChange[]> {
  const changes = await Promise.all(
    readySteps(job.spec, job.record).map(async (ready): Promise<JobChange | undefined> => {
      const { stepId, resultKey: key } = ready;
      const sought = await parts.flight.seek(job, ready, facts.ended);
      if (sought.$case === "use") return { $case: "cached", stepId, key, result: sought.result };
      if (sought.$case === "refuse") return { $case: "refused", stepId, key, error: sought.error };
      if (sought.$case === "run") await publishReady(parts, job, ready, facts);
      return undefined;
    }),
  );
  return changes.filter((change) => change !== undefined);
}

async function publishReady(
  { bus, log, reconcileAfterMs }: DispatchParts,
  { spec, record }: StoredJob,
  { index, delayMs, readyUnixMs, service: name }: ReadyStep,
  { republish = false }: LookFacts,
): Promise<void> {
  const service = toWorkerRole(name);
  const nowUnixMs = Date.now();
  const ageMs = nowUnixMs - readyUnixMs;
  // Workers count what remains until the deadline from when the broker got the message.
  const times = { nowUnixMs: nowUnixMs + Math.max(0, delayMs - ageMs), keepUntilUnixMs: record.outputsExpireUnixMs };
  const item = toWorkItem(spec, record, index, times);
  if (ageMs > reconcileAfterMs && (await hasWork(bus, service, item))) return;
  const repeat = republish && ageMs > reconcileAfterMs ? String(Math.floor(nowUnixMs / reconcileAfterMs)) : "";
  const send = () => inTraceOf(spec, () => publishWork(bus, service, item, repeat));
  if (ageMs >= delayMs) return send();
  // Not waited for: the job's other facts must not wait either. Should this process die, the reconciler publishes.
  setTimeout(() => {
    send().catch((error: unknown) =>
      log.warn({ err: error, jobId: spec.jobId, stepId: item.stepId }, "repeated attempt not published yet"),
    );
  }, delayMs - ageMs).unref();
}

/** The service that takes a step's work. Throws INTERNAL where none does. */
export function toWorkerRole(name: string): WorkerRole {
  const service = workerRoles.find((known) => known === name);
  if (!service) throw new AppError("INTERNAL", `No service takes the work of ${name}`);
  return service;
}
