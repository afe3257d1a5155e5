import type { IPod } from "kubernetes-models/v1/Pod";
import type { KubeApi } from "../control-plane/kube-api.ts";
import { type ExistingObjects, missingObjects } from "./missing-objects.ts";
import { nextStep, type PodTimes, runningStatus, succeededStatus } from "./pod-steps.ts";
import { repeat } from "./repeat.ts";

const times: PodTimes = { startMs: 300, runMs: 500 };

/**
 * Acts for the kubelets of all nodes: bound pods start and become ready, pods of Jobs succeed, deleted pods go
 * away. A pod that needs a missing Secret, ConfigMap or key stays Pending with an event `FailedMount`, as on a real node. Probes,
 * images and processes do not exist. Disposal ends it.
 */
export function startFakeKubelets(api: KubeApi): AsyncDisposable {
  const seen = new Map<string, { phase: string; atMs: number }>();
  const reported = new Set<string>();
  let started = 0;

  const nextAddress = () => {
    started += 1;
    return `10.8.${Math.floor(started / 250) % 250}.${(started % 250) + 1}`;
  };

  async function act(pod: IPod): Promise<void> {
    const { uid = "", namespace = "", name = "" } = pod.metadata ?? {};
    const phase = pod.status?.phase ?? "Pending";
    const before = seen.get(uid);
    if (!pod.spec?.nodeName) return;
    if (before?.phase !== phase) seen.set(uid, { phase, atMs: performance.now() });
    const path = `/api/v1/namespaces/${namespace}/pods/${name}`;
    const now = new Date().toISOString().replace(/\.\d+Z$/, "Z");
    const step = nextStep(pod, performance.now() - (seen.get(uid)?.atMs ?? 0), times);
    if (step === "remove") await api.remove(path, { kind: "DeleteOptions", apiVersion: "v1", gracePeriodSeconds: 0 });
    if (step === "succeed") await api.patch(`${path}/status`, { status: succeededStatus(pod, now) });
    if (step !== "start") return;
    const missing = missingObjects(pod, await existingObjects(api, namespace));
    if (missing.length === 0) await api.patch(`${path}/status`, { status: runningStatus(pod, nextAddress(), now) });
    else if (!reported.has(uid)) {
      reported.add(uid);
      await reportFailedMount(api, pod, missing.join("; "), now);
    }
  }

  return repeat(async () => {
    // From the API server's cache: this list is read four times a second.
    const pods = await api.list<IPod>("/api/v1/pods?resourceVersion=0");
    const present = new Set(pods.map(({ metadata }) => metadata?.uid ?? ""));
    for (const uid of seen.keys()) if (!present.has(uid)) seen.delete(uid);
    // A pod that changed or went away meanwhile is looked at again in the next round.
    await Promise.allSettled(pods.map(act));
  });
}

type Stored = { metadata: { name: string }; data?: Record<string, string>; binaryData?: Record<string, string> };

async function existingObjects(api: KubeApi, namespace: string): Promise<ExistingObjects> {
  const base = `/api/v1/namespaces/${namespace}`;
  const [secrets, configs, claims] = await Promise.all(
    ["secrets", "configmaps", "persistentvolumeclaims"].map((plural) => api.list<Stored>(`${base}/${plural}`)),
  );
  const named = (kind: string, all: readonly Stored[] = []) =>
    all.map((it): [string, string[]] => [`${kind}/${it.metadata.name}`, Object.keys({ ...it.data, ...it.binaryData })]);
  return new Map([
    ...named("Secret", secrets),
    ...named("ConfigMap", configs),
    ...named("PersistentVolumeClaim", claims),
  ]);
}

function reportFailedMount(api: KubeApi, { metadata }: IPod, message: string, now: string): Promise<void> {
  const { name, namespace, uid } = metadata ?? {};
  return api.create(`/api/v1/namespaces/${namespace}/events`, {
    apiVersion: "v1",
    kind: "Event",
    metadata: { generateName: `${name}.`, namespace },
    involvedObject: { apiVersion: "v1", kind: "Pod", name, namespace, uid },
    type: "Warning",
    reason: "FailedMount",
    message,
    source: { component: "fake-kubelet" },
    firstTimestamp: now,
    lastTimestamp: now,
    count: 1,
  });
}
