import { toShortTime } from "@pixelmesh/short-text";
import type { Cluster, Job, JobStep } from "../api/types.ts";

/** The role that runs each operation, as the names of services and queues have it. */
export const roles: Readonly<Record<string, string>> = {
  prescale: "ingest",
  upscale: "upscale",
  remove_background: "background",
  replace_background: "background",
  apply_effects: "effects",
};

/** Names of the operations. */
export const operationNames: readonly string[] = Object.keys(roles);

/**
 * Says in words why a step has not started, from the job and the state of the mesh. Undefined for a step that has started or ended. Without a cluster it
 * says only what the job shows.
 */
export function waitReason(step: JobStep, job: Job, cluster: Cluster | undefined): string | undefined {
  if (step.state === "PENDING") {
    const missing = step.inputSteps.filter((id) => job.steps.find((other) => other.id === id)?.state !== "SUCCEEDED");
    return missing.length === 0 ? "Waits for its inputs" : `Waits for the result of ${missing.join(" and ")}`;
  }
  if (step.state !== "READY") return undefined;
  if (step.error) return `Waits to be tried again after ${step.error.reason}`;
  if (!cluster) return "Waits to be started";
  const role = roles[step.operation] ?? step.operation;
  if (!cluster.services.some(({ service }) => service === role)) return `Waits: no process of the role ${role} runs`;
  if (cluster.slots.some(({ jobId, stepId }) => jobId === job.id && stepId === step.id)) return "Is about to start";
  const devices = cluster.devices.filter(({ services }) => services.some((process) => process.startsWith(`${role}/`)));
  const red = devices.filter(({ zone }) => zone === "red");
  if (devices.length > 0 && red.length === devices.length)
    return `Waits for memory: ${red.map(({ name, deviceId }) => name || deviceId).join(", ")} is above 95 %`;
  return waitInQueue(role, cluster);
}

// Which of these holds the step up is not known: the mesh counts waiting runs of all jobs together.
function waitInQueue(role: string, { queues }: Cluster): string {
  const own = queues.filter(({ name, waiting }) => name.startsWith(`${role}.`) && waiting > 0);
  const slots = queues.filter(({ name, waiting }) => name.startsWith("slots.") && waiting > 0);
  const parts = [
    ...(own.length > 0
      ? [`${counted(sum(own), "step waits", "steps wait")} in the queue of ${role}${oldest(own)}`]
      : []),
    ...(slots.length > 0
      ? [`${counted(sum(slots), "run waits", "runs wait")} for memory or compute${oldest(slots)}`]
      : []),
  ];
  return parts.length === 0
    ? `Waits for a process of the role ${role} to take it, or for an equal step of another job`
    : `Waits for its turn: ${parts.join("; ")}`;
}

type Queues = Cluster["queues"];

function sum(queues: Queues): number {
  return queues.reduce((total, { waiting }) => total + waiting, 0);
}

function oldest(queues: Queues): string {
  const ms = Math.max(...queues.map(({ oldestWaitMs }) => oldestWaitMs));
  return ms > 0 ? `, the oldest for ${toShortTime(ms)}` : "";
}

function counted(count: number, one: string, many: string): string {
  return `${count} ${count === 1 ? one : many}`;
}
