import { type JobEvent, Priority, type WorkItem } from "@pixelmesh/proto";
import type { WorkerRole } from "@pixelmesh/roles";

const partitions = 16;

/** The partition token of a job, 0 to 15: FNV-1a over its id. */
export function partitionOf(jobId: string): number {
  let hash = 0x811c9dc5;
  for (let at = 0; at < jobId.length; at++) hash = Math.imul(hash ^ jobId.charCodeAt(at), 0x01000193) >>> 0;
  return hash % partitions;
}

/** The stream that holds a service's work. */
export function workStream(service: WorkerRole): string {
  return `WORK_${service.toUpperCase()}`;
}

/** `work.<service>.<priority>.<job>.<step>.<attempt>` */
export function workSubject(
  service: WorkerRole,
  item: Pick<WorkItem, "jobId" | "stepId" | "attempt" | "priority">,
): string {
  const priority = item.priority === Priority.BATCH ? "batch" : "interactive";
  return `work.${service}.${priority}.${item.jobId}.${item.stepId}.${item.attempt}`;
}

/** A service's work subjects, with the variable parts named: how spans call them. */
export const workTemplate = (service: WorkerRole): string => `work.${service}.{priority}.{job}.{step}.{attempt}`;

/** `jobs.<p>.<job>.<event>` */
export function eventSubject(event: JobEvent): string {
  return `jobs.${partitionOf(event.jobId)}.${event.jobId}.${event.event?.$case ?? "none"}`;
}

/** Stream and durable consumers of a service's work, preferred first: batch is taken only when no interactive work waits. */
export function workConsumers(service: WorkerRole): {
  stream: string;
  durables: readonly string[];
  wakeSubject: string;
  subjectOf: (item: WorkItem) => string;
} {
  return {
    stream: workStream(service),
    durables: [`${service}_interactive`, `${service}_batch`],
    wakeSubject: `wake.${service}`,
    subjectOf: (item) => workSubject(service, item),
  };
}

/** Stream and durable consumer of what happened to jobs. */
export const eventConsumer = {
  stream: "JOB_EVENTS",
  durable: "orchestrator",
  subjectOf: eventSubject,
} as const;
