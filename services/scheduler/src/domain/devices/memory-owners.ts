import type { ModelReport } from "@pixelmesh/proto";

/**
 * A process that is charged for device memory.
 * `host`: an inference host; it runs one tile at a time, so its slots cost the largest of their peaks.
 * `process`: a service's own process; each of its slots costs its peak, in addition to the use of the idle process.
 * `pendingHost`: a host that the holder of a granted slot is starting and that no report names yet.
 */
export type MemoryOwner = {
  readonly key: string;
  readonly kind: MemoryOwnerKind;
  readonly reporterId: string;
  /** Last reported use; 0 if no fresh report names the owner. */
  usedBytes: number;
  /** The use of a process when it last had no slot. */
  idleBytes: number;
  /** The highest commitment since the last report: memory is free only once a report shows it. */
  unconfirmedBytes: number;
  /** Predicted peak by slot id. */
  readonly slots: Map<string, number>;
  /** State of a reported host. */
  host: HostState | undefined;
};

/** The kind of a memory owner; see MemoryOwner. */
export type MemoryOwnerKind = "host" | "process" | "pendingHost";

/** A reported host. Times on the scheduler's clock. */
export type HostState = {
  readonly hostId: string;
  busy: boolean;
  models: readonly ModelReport[];
  readonly firstSeenMs: number;
  lastUsedMs: number;
  /** The host was told to end; it gets no new work until then. */
  evictingUntilMs: number;
};

/** Returns the key of an inference host. */
export function hostKey(hostId: string): string {
  return `host/${hostId}`;
}

/** Returns the key of a service's own process. */
export function processKey(reporterId: string): string {
  return `process/${reporterId}`;
}

/** Creates an owner without use or slots. */
export function createMemoryOwner(key: string, kind: MemoryOwnerKind, reporterId: string): MemoryOwner {
  return { key, kind, reporterId, usedBytes: 0, idleBytes: 0, unconfirmedBytes: 0, slots: new Map(), host: undefined };
}

/** Returns the predicted use of all slots of an owner, with one more slot of `extraBytes` if given. */
export function commitmentBytes(owner: MemoryOwner, extraBytes?: number): number {
  const peaks = [...owner.slots.values()];
  if (extraBytes !== undefined) peaks.push(extraBytes);
  if (peaks.length === 0) return 0;
  if (owner.kind === "process") return peaks.reduce((sum, peak) => sum + peak, owner.idleBytes);
  return Math.max(...peaks);
}

/** Returns the charge of an owner: the largest of its use, its commitment and the memory it may not have given back yet. */
export function chargeBytes(owner: MemoryOwner, extraBytes?: number): number {
  return Math.max(owner.usedBytes, owner.unconfirmedBytes, commitmentBytes(owner, extraBytes));
}

/** Removes a slot; its memory stays charged until the next report. */
export function removeSlot(owner: MemoryOwner, slotId: string, nowMs: number): void {
  owner.unconfirmedBytes = Math.max(owner.unconfirmedBytes, commitmentBytes(owner));
  owner.slots.delete(slotId);
  if (owner.host !== undefined) owner.host.lastUsedMs = nowMs;
}

/** Records reported use; released memory is free from now on. The first report of an owner counts as its idle use, even if it is busy. */
export function recordUse(owner: MemoryOwner, usedBytes: number): void {
  owner.usedBytes = usedBytes;
  owner.unconfirmedBytes = 0;
  if (owner.slots.size === 0 || owner.idleBytes === 0) owner.idleBytes = usedBytes;
}

/** Returns whether a host may be evicted: reported idle, without slots or pinned models, and not being evicted already. */
export function isEvictable(owner: MemoryOwner, nowMs: number): boolean {
  const { host } = owner;
  if (host === undefined || host.busy || owner.slots.size > 0 || isEvicting(owner, nowMs)) return false;
  return !host.models.some((model) => model.pinned);
}

/** Returns whether the eviction of a host was ordered and may still be in progress. */
export function isEvicting(owner: MemoryOwner, nowMs: number): boolean {
  return owner.host !== undefined && nowMs < owner.host.evictingUntilMs;
}
