import { AppError } from "@pixelmesh/errors";
import type { Rules } from "./rules.ts";
import type { SlotRequest, WaitReason, WorkClass } from "./types.ts";

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
};

/** The bounded queue of requests, in the order in which they are tried. */
export type Queue = {
  readonly entries: readonly Waiting[];
  /** QUEUE_FULL with a time to wait, where the request's class and tenant, or all, are at their bound. */
  refusal(request: SlotRequest): AppError | undefined;
  add(callId: string, request: SlotRequest, nowMs: number): Waiting;
  /** Takes a request out; undefined where it does not wait. */
  remove(callId: string): Waiting | undefined;
  count(workClass: WorkClass): number;
};

/**
 * Makes an empty queue. Interactive goes before batch and within each first come, first served; a batch request counts as
 * if it had come `ageingMs` later, so it is overtaken only by what came within that time.
 */
export function createQueue(rules: Rules): Queue {
  const entries: Waiting[] = [];
  const counts = new Map<string, number>();
  const count = (name: string, by: number) => {
    const sum = (counts.get(name) ?? 0) + by;
    if (sum === 0) counts.delete(name);
    else counts.set(name, sum);
  };
  const countBoth = ({ workClass, tenant }: SlotRequest, by: number) => {
    count(workClass, by);
    count(`${workClass}/${tenant}`, by);
  };

  return {
    entries,
    refusal({ workClass, tenant }) {
      const ofTenant = counts.get(`${workClass}/${tenant}`) ?? 0;
      return entries.length >= rules.maxQueued || ofTenant >= rules.maxQueuedPerTenant
        ? queueFull(workClass)
        : undefined;
    },
    add(callId, request, nowMs) {
      const rankMs = nowMs + (request.priority === "batch" ? rules.ageingMs : 0);
      const shape = toShape(request);
      const waiting: Waiting = { callId, request, shape, sinceMs: nowMs, rankMs, why: "memory", told: "" };
      const after = entries.findLastIndex((entry) => entry.rankMs <= rankMs);
      entries.splice(after + 1, 0, waiting);
      countBoth(request, 1);
      return waiting;
    },
    remove(callId) {
      const index = entries.findIndex((entry) => entry.callId === callId);
      if (index < 0) return undefined;
      const [waiting] = entries.splice(index, 1);
      if (waiting !== undefined) countBoth(waiting.request, -1);
      return waiting;
    },
    count: (workClass) => counts.get(workClass) ?? 0,
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
