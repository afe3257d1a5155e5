import type { ResidentModel } from "@pixelmesh/proto";

/**
 * A process whose use of a device we answer for.
 * `host`: an inference host; it runs one tile at a time, so its slots cost the largest of their peaks.
 * `process`: a service's own process; each of its slots costs its peak, on top of what the process uses while idle.
 * `start`: a host that a granted slot is about to start and that no report names yet.
 */
export type Unit = {
  readonly key: string;
  readonly kind: UnitKind;
  readonly reporterId: string;
  /** As last reported; 0 where no fresh report names it. */
  usedBytes: number;
  /** A process's use when it last had no slot. */
  idleBytes: number;
  /** The highest commitment since the last report: memory is free only once a report shows it. */
  settlingBytes: number;
  /** Predicted peak by slot id. */
  readonly slots: Map<string, number>;
  /** What is known of a reported host. */
  host: HostState | undefined;
};

/** What a unit is; see Unit. */
export type UnitKind = "host" | "process" | "start";

/** A reported host. Times on the scheduler's clock. */
export type HostState = {
  readonly hostId: string;
  busy: boolean;
  models: readonly ResidentModel[];
  readonly residentSinceMs: number;
  lastUsedMs: number;
  /** Told to go, and not to be counted on until then. */
  evictingUntilMs: number;
};

/** The key of an inference host's unit. */
export function hostKey(hostId: string): string {
  return `host/${hostId}`;
}

/** The key of a service process's unit. */
export function processKey(reporterId: string): string {
  return `process/${reporterId}`;
}

/** A unit without use or slots. */
export function createUnit(key: string, kind: UnitKind, reporterId: string): Unit {
  return { key, kind, reporterId, usedBytes: 0, idleBytes: 0, settlingBytes: 0, slots: new Map(), host: undefined };
}

/** What a unit's slots together are predicted to use, with one more slot of `extraBytes` where given. */
export function commitmentBytes(unit: Unit, extraBytes?: number): number {
  const peaks = [...unit.slots.values()];
  if (extraBytes !== undefined) peaks.push(extraBytes);
  if (peaks.length === 0) return 0;
  if (unit.kind === "process") return peaks.reduce((sum, peak) => sum + peak, unit.idleBytes);
  return Math.max(...peaks);
}

/** What a unit is charged: the largest of what it uses, what it was granted and what it may not have given back yet. */
export function chargeBytes(unit: Unit, extraBytes?: number): number {
  return Math.max(unit.usedBytes, unit.settlingBytes, commitmentBytes(unit, extraBytes));
}

/** Takes a slot away; its memory stays charged until the next report. */
export function removeSlot(unit: Unit, slotId: string, nowMs: number): void {
  unit.settlingBytes = Math.max(unit.settlingBytes, commitmentBytes(unit));
  unit.slots.delete(slotId);
  if (unit.host !== undefined) unit.host.lastUsedMs = nowMs;
}

/** Notes a report: what the unit uses is known again, and what it gave back is free. A busy unit seen first is taken as idle. */
export function noteUse(unit: Unit, usedBytes: number): void {
  unit.usedBytes = usedBytes;
  unit.settlingBytes = 0;
  if (unit.slots.size === 0 || unit.idleBytes === 0) unit.idleBytes = usedBytes;
}

/** Whether a host may be told to go: reported idle, without slots, nothing pinned, not on its way out. */
export function isEvictable(unit: Unit, nowMs: number): boolean {
  const { host } = unit;
  if (host === undefined || host.busy || unit.slots.size > 0 || isEvicting(unit, nowMs)) return false;
  return !host.models.some((model) => model.pinned);
}

/** Whether a host was told to go and may still be doing so. */
export function isEvicting(unit: Unit, nowMs: number): boolean {
  return unit.host !== undefined && nowMs < unit.host.evictingUntilMs;
}
