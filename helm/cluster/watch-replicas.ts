import type { KubeApi } from "./control-plane/kube-api.ts";
import type { WorkloadView } from "./faults.ts";

/** The lowest wanted replicas of each Deployment of a namespace. Disposal ends the watch. */
export type LowestReplicas = AsyncDisposable & {
  /** Returns the lowest number that each Deployment has wanted since the watch began, by name. Throws if the watch has ended early. */
  since(): Record<string, number>;
};

/** Watches every change of `spec.replicas`, so that a short dip is seen too. */
export async function watchReplicas(api: KubeApi, namespace: string): Promise<LowestReplicas> {
  const path = `/apis/apps/v1/namespaces/${namespace}/deployments`;
  const lowest = new Map<string, number>();
  const note = ({ metadata: { name }, spec: { replicas = 1 } }: WorkloadView) =>
    void lowest.set(name, Math.min(replicas, lowest.get(name) ?? replicas));
  const stop = new AbortController();
  const changes = api.watch<WorkloadView>(path, stop.signal);
  let ended: unknown;
  const reading = (async () => {
    try {
      for await (const { type, object } of changes) if (type === "ADDED" || type === "MODIFIED") note(object);
      ended = new Error("the API server closed the watch");
    } catch (error) {
      ended = error;
    }
  })();
  for (const deployment of await api.list<WorkloadView>(path)) note(deployment);
  return {
    since() {
      if (ended !== undefined) throw ended;
      return Object.fromEntries(lowest);
    },
    async [Symbol.asyncDispose]() {
      stop.abort();
      await reading;
    },
  };
}
