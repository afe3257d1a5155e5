import { type JobEvent, Priority, type WorkItem } from "@pixelmesh/proto";
import type { WorkerRole } from "@pixelmesh/roles";

const partitions = 16;

/** Returns the partition token of a job, 0 to 15: FNV-1a over its id. */
export function partitionOf(jobId: string): number {
  let hash = 0x811c9dc5;
  for (let at = 0; at < jobId.length; at++) hash = Math.imul(hash ^ jobId.charCodeAt(at), 0x01000193) >>> 0;
  return hash % partitions;
}

/** The work queue stream of a role. */
export function workStream(role: WorkerRole): string {
  return `WORK_${role.toUpperCase()}`;
}

/** `work.<role>.<priority>.<job>.<step>.<attempt>` */
export function workSubject(
  role: WorkerRole,
  item: Pick<WorkItem, "jobId" | "stepId" | "attempt" | "priority">,
): string {
  return `work.${role}.${priorityToken(item)}.${item.jobId}.${item.stepId}.${item.attempt}`;
}

/** The durable consumer that delivers an item. */
export function workDurable(role: WorkerRole, item: Pick<WorkItem, "priority">): string {
  return `${role}_${priorityToken(item)}`;
}

function priorityToken({ priority }: Pick<WorkItem, "priority">): string {
  return priority === Priority.BATCH ? "batch" : "interactive";
}

/** The template of a role's work subjects, as spans name them. */
export const workTemplate = (role: WorkerRole): string => `work.${role}.{priority}.{job}.{step}.{attempt}`;

/** `jobs.<p>.<job>.<event>` */
export function eventSubject(event: JobEvent): string {
  return `jobs.${partitionOf(event.jobId)}.${event.jobId}.${event.event?.$case ?? "none"}`;
}

/** Stream and durable consumers of a role's work, in priority order: batch work is taken only while no interactive work waits. */
export function workConsumers(role: WorkerRole): {
  stream: string;
  durables: readonly string[];
  wakeSubject: string;
  subjectOf: (item: WorkItem) => string;
} {
  return {
    stream: workStream(role),
    durables: [`${role}_interactive`, `${role}_batch`],
    wakeSubject: `wake.${role}`,
    subjectOf: (item) => workSubject(role, item),
  };
}

/** Stream and durable consumer of job events. */
export const eventConsumer = {
  stream: "JOB_EVENTS",
  durable: "orchestrator",
  subjectOf: eventSubject,
} as const;
