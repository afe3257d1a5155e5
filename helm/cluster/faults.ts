import type { IPod } from "kubernetes-models/v1/Pod";
import type { KubeApi } from "./control-plane/kube-api.ts";
import { waitUntil } from "./control-plane/start-program.ts";

/** The part of an event that the check reads. */
export type EventView = {
  readonly reason?: string;
  readonly message?: string;
  readonly involvedObject: { readonly kind?: string; readonly name?: string };
};

/** Reasons that say that a pod cannot be created, placed or started. */
const refusals = new Set(["FailedCreate", "FailedScheduling", "FailedMount", "FailedBinding", "ProvisioningFailed"]);

/** Two writers met: the cluster does it again by itself, for example when two pods are the first of one claim. */
const conflict = "the object has been modified; please apply your changes to the latest version";

/** Returns one line for each event that says that a pod could not be created, placed or started. */
export function eventFaults(events: readonly EventView[]): string[] {
  return events
    .filter(({ reason = "", message = "" }) => refusals.has(reason) && !message.includes(conflict))
    .map(({ reason, message = "", involvedObject: { kind, name } }) => `${kind} ${name}: ${reason}: ${message}`);
}

/** Returns one line for each pod that neither runs ready nor has succeeded. Pods that are being deleted do not count. */
export function podFaults(pods: readonly IPod[]): string[] {
  return pods
    .filter(({ metadata, status }) => !metadata?.deletionTimestamp && status?.phase !== "Succeeded")
    .filter(({ status }) => !status?.conditions?.some(({ type, status: is }) => type === "Ready" && is === "True"))
    .map(({ metadata, status }) => `Pod ${metadata?.name}: ${status?.phase ?? "without a phase"}`);
}

/** A Deployment or StatefulSet as far as its replicas go. */
export type WorkloadView = {
  readonly metadata: { readonly name: string };
  readonly spec: { readonly replicas?: number };
  readonly status?: { readonly readyReplicas?: number; readonly updatedReplicas?: number };
};

/** Returns one line for each workload whose replicas are not all ready and of its newest template. */
export function workloadFaults(workloads: readonly WorkloadView[]): string[] {
  return workloads.flatMap(({ metadata: { name }, spec: { replicas = 1 }, status }) => {
    const { readyReplicas: ready = 0, updatedReplicas: updated = 0 } = status ?? {};
    return ready === replicas && updated === replicas
      ? []
      : [`${name}: expected ${replicas} ready replicas of the newest template, got ${ready} ready and ${updated} new`];
  });
}

/** Returns all faults of a namespace: refused, unplaced and unready pods, and workloads that are not complete. */
export async function faultsIn(api: KubeApi, namespace: string): Promise<string[]> {
  const [events, pods, deployments, stateful] = await Promise.all([
    api.list<EventView>(`/api/v1/namespaces/${namespace}/events`),
    api.list<IPod>(`/api/v1/namespaces/${namespace}/pods`),
    api.list<WorkloadView>(`/apis/apps/v1/namespaces/${namespace}/deployments`),
    api.list<WorkloadView>(`/apis/apps/v1/namespaces/${namespace}/statefulsets`),
  ]);
  return [...eventFaults(events), ...podFaults(pods), ...workloadFaults([...deployments, ...stateful])];
}

const settleMs = 30_000;

/**
 * Returns the faults of a namespace once there are none, or after 30 s: an autoscaler may still add pods when helm returns. An event stays
 * in the list, so a pod that was refused and came later is a fault all the same.
 */
export async function settledFaults(api: KubeApi, namespace: string): Promise<string[]> {
  let faults: string[] = [];
  const hasNone = async () => {
    faults = await faultsIn(api, namespace);
    return faults.length === 0;
  };
  await waitUntil(`no fault in ${namespace}`, hasNone, { limitMs: settleMs, everyMs: 500 }).catch(() => {});
  return faults;
}
