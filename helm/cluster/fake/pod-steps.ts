import type { IPod } from "kubernetes-models/v1/Pod";

/** What a fake kubelet does next with a pod of its node. */
export type PodStep = "start" | "succeed" | "remove" | "wait";

/** Times of a fake kubelet in milliseconds, counted from when it first saw the pod in its present phase. */
export type PodTimes = { readonly startMs: number; readonly runMs: number };

/** Returns the next step for a pod that has been in its phase for `ageMs`. Pods that may end, of Jobs and tests, succeed. */
export function nextStep(pod: IPod, ageMs: number, { startMs, runMs }: PodTimes): PodStep {
  if (!pod.spec?.nodeName) return "wait";
  if (pod.metadata?.deletionTimestamp) return "remove";
  const phase = pod.status?.phase ?? "Pending";
  if (phase === "Pending" && ageMs >= startMs) return "start";
  const mayEnd = pod.spec.restartPolicy === "Never" || pod.spec.restartPolicy === "OnFailure";
  return phase === "Running" && mayEnd && ageMs >= runMs ? "succeed" : "wait";
}

/** The status of a pod whose containers run and are ready. */
export function runningStatus(pod: IPod, podIP: string, now: string): object {
  const conditions = ["Initialized", "ContainersReady", "Ready", "PodScheduled"];
  return {
    phase: "Running",
    startTime: now,
    podIP,
    podIPs: [{ ip: podIP }],
    conditions: conditions.map((type) => ({ type, status: "True", lastTransitionTime: now })),
    containerStatuses: containerStatuses(pod, { running: { startedAt: now } }, true),
  };
}

/** The status of a pod whose containers ended with code 0. */
export function succeededStatus(pod: IPod, now: string): object {
  const terminated = { exitCode: 0, reason: "Completed", startedAt: now, finishedAt: now };
  return {
    phase: "Succeeded",
    conditions: [{ type: "Ready", status: "False", reason: "PodCompleted", lastTransitionTime: now }],
    containerStatuses: containerStatuses(pod, { terminated }, false),
  };
}

const containerStatuses = (pod: IPod, state: object, ready: boolean) =>
  (pod.spec?.containers ?? []).map(({ name, image }) => ({
    name,
    image,
    imageID: "fake",
    ready,
    started: ready,
    restartCount: 0,
    state,
  }));
