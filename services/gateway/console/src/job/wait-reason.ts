import type { Cluster, Job, JobStep, StepWait } from "../api/types.ts";

/** The role that runs each operation, as the names of services and queues have it. */
export const roles: Readonly<Record<string, string>> = {
  prescale: "ingest",
  upscale: "upscale",
  remove_background: "background",
  replace_background: "background",
  apply_effects: "effects",
  remote_model: "remote",
};

/** Names of the operations. */
export const operationNames: readonly string[] = Object.keys(roles);

/** What a step waits for, by the words of the API. `device` is its name. */
export const waitTexts: Readonly<Record<string, (device: string) => string>> = {
  scheduler: () => "Asks the scheduler for a slot",
  no_device: () => "Waits: no device that it may use reports to the scheduler",
  memory: (device) => `Waits for memory of ${device}, which other work of the mesh uses`,
  other_programs: (device) => `Waits for memory of ${device}, which other programs use`,
  quarantine: (device) => `Waits for memory of ${device} that ended processes have not given back`,
  pinned_models: (device) => `Waits for memory of ${device}, which pinned models use`,
  pressure: (device) => `Waits: the memory of ${device} is too full for more work`,
  takeover: () => "Waits for work that the scheduler before this one has granted",
  compute: (device) => `Waits for compute of ${device}, which other work uses`,
  class: (device) => `Waits: ${device} runs as much work of this kind as it takes`,
  company: (device) => `Waits for work on ${device} that may not run beside it`,
  reservation: (device) => `Waits: ${device} is reserved for a step that has waited longer`,
  provider_closed: (device) => `Waits: ${device} takes no calls for a while, after a rate limit or too many failures`,
  tenant_calls: (device) => `Waits: ${device} has as many calls of this tenant as it takes`,
  model_calls: (device) => `Waits: ${device} has as many calls of this model as it takes`,
  provider: (device) => `Was sent to ${device}, which works on it`,
  loaded_model: () => "Waits before its model takes the place of one that was loaded a moment ago",
  model_loading: () => "Waits until its model is loaded",
  inputs: () => "Has its slot and reads its pictures",
  equal_step: () => "Waits for an equal step of another job, and takes its result",
  retry: () => "Waits to be tried again",
  queue: () => "Waits until a process takes it",
};

/**
 * Says in words why a step has not started, or what a running step waits for. Undefined for one that waits for nothing or has ended. The cluster gives
 * names of devices and the length of queues.
 */
export function waitReason(step: JobStep, job: Job, cluster: Cluster | undefined): string | undefined {
  const { state, wait, error, operation } = step;
  if (state === "PENDING") {
    const missing = step.inputSteps.filter((id) => job.steps.find((other) => other.id === id)?.state !== "SUCCEEDED");
    return missing.length === 0 ? "Waits for its inputs" : `Waits for the result of ${missing.join(" and ")}`;
  }
  if (state !== "READY" && state !== "RUNNING") return undefined;
  if (!wait) return state === "READY" ? "Is about to start" : undefined;
  if (wait.reason === "queue") return inQueue(roles[operation] ?? operation, cluster);
  const text = waitTexts[wait.reason]?.(deviceName(wait, cluster)) ?? "Waits for a slot";
  const after = wait.reason === "retry" && error ? ` after ${error.reason}` : "";
  return `${text}${after}${wait.position > 0 ? `; place ${wait.position} in the queue for slots` : ""}`;
}

function deviceName({ deviceId }: StepWait, cluster: Cluster | undefined): string {
  const name = cluster?.devices.find((device) => device.deviceId === deviceId)?.name;
  return name || deviceId || "its device";
}

function inQueue(role: string, cluster: Cluster | undefined): string {
  if (cluster && !cluster.services.some(({ service }) => service === role))
    return `Waits: no process of the role ${role} runs`;
  const queues = (cluster?.queues ?? []).filter(({ name, waiting }) => name.startsWith(`${role}.`) && waiting > 0);
  const count = queues.reduce((total, { waiting }) => total + waiting, 0);
  const length = count > 0 ? `; ${count} ${count === 1 ? "step waits" : "steps wait"} in its queue` : "";
  return `Waits until a process of the role ${role} takes it${length}`;
}
