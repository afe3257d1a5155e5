import { AppError } from "@pixelmesh/errors";
import type { Rules } from "../rules.ts";
import type { SlotRequest, WaitReason, WorkClass } from "../types.ts";

/** A request that waits. `told` is what its caller was last told. */
export type Waiting = {
  readonly callId: string;
  readonly request: SlotRequest;
  /** Equal for requests that fit wherever the other fits. */
  readonly shape: string;
  readonly sinceMs: number;
  /** Its place in the order: earlier goes first. */
  readonly rankMs: number;
  why: WaitReason;
  told: string;
  toldAtMs: number;
  /** It has waited so long that a device is kept free for it. */
  reserves: boolean;
};

/** The bounded queue of requests, in the order in which they are tried. */
export type Queue = {
  readonly entries: readonly Waiting[];
  /** QUEUE_FULL with a time to wait, where the request's class and tenant, its class, or the queue is at its bound. */
  refusal(request: SlotRequest): AppError | undefined;
  add(callId: string, request: SlotRequest, nowMs: number): Waiting;
  /** Takes a request out; undefined where it does not wait. */
  remove(callId: string): Waiting | undefined;
  count(workClass: WorkClass): number;
  /** Since when the oldest request of a class waits; undefined where none does. */
  oldestSinceMs(workClass: WorkClass): number | undefined;
};

/**
 * Makes an empty queue. Interactive goes before batch and within each first come, first served; a batch request counts as
 * if it had come `ageingMs` later, so it is overtaken only by what came within that time.
 */
export function createQueue(rules: Rules): Queue {
  const entries: Waiting[] = [];
  const counts = new Map<string, number>();
  /** In the order in which they came, which the order of trying is not. */
  const arrivals: Readonly<Record<WorkClass, Map<string, number>>> = {
    light: new Map(),
    heavy: new Map(),
    exclusive: new Map(),
  };
  const count = (name: string, by: number) => {
    const sum = (counts.get(name) ?? 0) + by;
    if (sum === 0) counts.delete(name);
    else counts.set(name, sum);
  };

  return {
    entries,
    refusal({ workClass, tenant }) {
      const ofTenant = counts.get(`${workClass}/${tenant}`) ?? 0;
      const isFull =
        entries.length >= rules.maxQueued ||
        arrivals[workClass].size >= rules.maxQueuedPerClass ||
        ofTenant >= rules.maxQueuedPerTenant;
      return isFull ? queueFull(workClass) : undefined;
    },
    add(callId, request, nowMs) {
      const rankMs = nowMs + (request.priority === "batch" ? rules.ageingMs : 0);
      const shape = toShape(request);
      const waiting: Waiting = {
        ...{ callId, request, shape, sinceMs: nowMs, rankMs },
        ...{ why: "memory", told: "", toldAtMs: Number.NEGATIVE_INFINITY, reserves: false },
      };
      const after = entries.findLastIndex((entry) => entry.rankMs <= rankMs);
      entries.splice(after + 1, 0, waiting);
      count(`${request.workClass}/${request.tenant}`, 1);
      arrivals[request.workClass].set(callId, nowMs);
      return waiting;
    },
    remove(callId) {
      if (!Object.values(arrivals).some((calls) => calls.has(callId))) return undefined;
      const index = entries.findIndex((entry) => entry.callId === callId);
      if (index < 0) return undefined;
      const [waiting] = entries.splice(index, 1);
      if (waiting === undefined) return undefined;
      const { workClass, tenant } = waiting.request;
      count(`${workClass}/${tenant}`, -1);
      arrivals[workClass].delete(callId);
      return waiting;
    },
    count: (workClass) => arrivals[workClass].size,
    oldestSinceMs: (workClass) => arrivals[workClass].values().next().value,
  };
}

function toShape({
  service,
  instance,
  deviceIds,
  workClass,
  options,
  modelDigest,
  hostId,
  resume,
  alone,
}: SlotRequest): string {
  return JSON.stringify([service, instance, deviceIds, workClass, options, modelDigest, hostId, resume, alone]);
}

function queueFull(workClass: WorkClass): AppError {
  const message = `Too many requests for ${workClass} slots are waiting`;
  return new AppError("QUEUE_FULL", message, { retryAfterMs: 1_000, metadata: { queue: `slots.${workClass}` } });
}
