import { AppError } from "@pixelmesh/errors";
import { isProviderId } from "../devices/provider-report.ts";
import type { Rules } from "../rules.ts";
import type { WaitCause } from "./explain-wait.ts";
import type { SlotRequest, WaitReason, WorkClass } from "./slot-request.ts";

/** A request that waits. */
export type WaitingRequest = {
  readonly callId: string;
  readonly request: SlotRequest;
  /** Requests with equal shapes fit the same devices. */
  readonly shape: string;
  readonly sinceMs: number;
  /** Sorts the queue: lower ranks are tried first. */
  readonly rankMs: number;
  why: WaitReason;
  /** What the caller reads in place of `why`, and the device that it is about; empty: none. */
  cause: WaitCause;
  deviceId: string;
  /** The last position and reason that were sent to the caller, and when. */
  lastNotice: string;
  noticedAtMs: number;
  /** It has waited so long that a device is reserved for it. */
  reserves: boolean;
};

/** The bounded queue of waiting requests, in the order in which they are tried. */
export type RequestQueue = {
  readonly entries: readonly WaitingRequest[];
  /** Returns QUEUE_FULL with a time to retry if the class and tenant, the class, or the queue is at its bound. */
  refusal(request: SlotRequest): AppError | undefined;
  add(callId: string, request: SlotRequest, nowMs: number): WaitingRequest;
  /** Removes and returns a request; undefined if it does not wait. */
  remove(callId: string): WaitingRequest | undefined;
  count(workClass: WorkClass): number;
  /** Returns since when the oldest request of a class waits; undefined if none does. */
  oldestSinceMs(workClass: WorkClass): number | undefined;
};

/**
 * Creates an empty queue. Requests are tried first come, first served; a batch request ranks as if it had come `ageingMs` later. So only
 * interactive requests that come within that time overtake it.
 */
export function createRequestQueue(rules: Rules): RequestQueue {
  const entries: WaitingRequest[] = [];
  const countByTenant = new Map<string, number>();
  /** In order of arrival; `entries` is in order of rank. */
  const arrivals: Readonly<Record<WorkClass, Map<string, number>>> = {
    light: new Map(),
    heavy: new Map(),
    exclusive: new Map(),
  };
  const changeCount = ({ workClass, tenant }: SlotRequest, by: number) =>
    addCount(countByTenant, tenantKey(workClass, tenant), by);

  return {
    entries,
    refusal({ workClass, tenant }) {
      const isFull =
        entries.length >= rules.maxQueued ||
        arrivals[workClass].size >= rules.maxQueuedPerClass ||
        (countByTenant.get(tenantKey(workClass, tenant)) ?? 0) >= rules.maxQueuedPerTenant;
      return isFull ? queueFull(workClass) : undefined;
    },
    add(callId, request, nowMs) {
      const rankMs = nowMs + (request.priority === "batch" ? rules.ageingMs : 0);
      const waiting: WaitingRequest = {
        callId,
        request,
        shape: toShape(request),
        sinceMs: nowMs,
        rankMs,
        why: "memory",
        cause: "memory",
        deviceId: "",
        lastNotice: "",
        noticedAtMs: Number.NEGATIVE_INFINITY,
        reserves: false,
      };
      const before = entries.findLastIndex((entry) => entry.rankMs <= rankMs);
      entries.splice(before + 1, 0, waiting);
      changeCount(request, 1);
      arrivals[request.workClass].set(callId, nowMs);
      return waiting;
    },
    remove(callId) {
      if (!Object.values(arrivals).some((calls) => calls.has(callId))) return undefined;
      const index = entries.findIndex((entry) => entry.callId === callId);
      if (index < 0) return undefined;
      const [waiting] = entries.splice(index, 1);
      if (waiting === undefined) return undefined;
      changeCount(waiting.request, -1);
      arrivals[waiting.request.workClass].delete(callId);
      return waiting;
    },
    count: (workClass) => arrivals[workClass].size,
    oldestSinceMs: (workClass) => arrivals[workClass].values().next().value,
  };
}

/** Changes a count; one of 0 is removed. */
function addCount(counts: Map<string, number>, key: string, by: number): void {
  const count = (counts.get(key) ?? 0) + by;
  if (count === 0) counts.delete(key);
  else counts.set(key, count);
}

const tenantKey = (workClass: WorkClass, tenant: string) => `${workClass}/${tenant}`;

function toShape(request: SlotRequest): string {
  const { service, instance, deviceIds, workClass, options, modelDigest, hostId, resume, alone } = request;
  // Only providers limit tenants and models.
  const limited = deviceIds.some(isProviderId) ? [request.tenant, request.model] : [];
  return JSON.stringify([
    service,
    instance,
    deviceIds,
    workClass,
    options,
    modelDigest,
    hostId,
    resume,
    alone,
    ...limited,
  ]);
}

function queueFull(workClass: WorkClass): AppError {
  const message = `Too many requests for ${workClass} slots are waiting`;
  return new AppError("QUEUE_FULL", message, { retryAfterMs: 1_000, metadata: { queue: `slots.${workClass}` } });
}
