import type { Epoch } from "@pixelmesh/proto";
import type { Rules } from "../rules.ts";
import type { DeviceKind, DeviceReport, SlotRequest, Zone } from "../types.ts";
import type { Leak } from "./leak-detection.ts";
import { chargeBytes, type Unit } from "./memory-owners.ts";
import { rulesOf } from "./oom-backoff.ts";
import { nextZone } from "./pressure-zones.ts";

/** A granted slot. Times on the scheduler's clock. */
export type Slot = {
  readonly slotId: string;
  /** The call that holds it; another one after it was announced again. */
  callId: string;
  readonly request: SlotRequest;
  readonly deviceId: string;
  /** The unit that is charged; a host takes over from the start that became it. */
  unitKey: string;
  readonly optionIndex: number;
  /** The predicted peak of its unit. */
  readonly peakBytes: number;
  readonly tokens: number;
  /** Nothing else may run beside it. */
  readonly alone: boolean;
  /** Whether anything ever ran beside it: then its measurement teaches nothing. */
  shared: boolean;
  readonly epoch: Epoch;
  readonly grantedAtMs: number;
  expiresAtMs: number;
  /** Its call ended without a release: charged until it expires or its host is idle. */
  broken: boolean;
  revoked: boolean;
};

/** A device as all its reporters together show it, and what is granted on it. */
export type Device = {
  readonly deviceId: string;
  readonly kind: DeviceKind;
  name: string;
  totalBytes: number;
  /** The largest of the fresh reports; the last one known where there is none. */
  observedBytes: number;
  tokens: number;
  /** Fresh reports only, by reporter. */
  readonly reporters: Map<string, { readonly report: DeviceReport; readonly atMs: number }>;
  readonly units: Map<string, Unit>;
  readonly slots: Map<string, Slot>;
  zone: Zone;
  zoneSinceMs: number;
  /** When it last had a reporter. */
  seenAtMs: number;
  /** When clean-up was last asked for, and a slot last revoked. */
  cleanUpAtMs: number;
  revokedAtMs: number;
  /** Memory of ended hosts that was not seen to come back. */
  leak: Leak | undefined;
  /** How far, as a fraction, green is lowered since work ran out of memory, and when that last changed. */
  caution: number;
  cautionAtMs: number;
};

/** A device's use. `used` trusts the more pessimistic of what is seen and what is promised. */
export type Figures = {
  /** In use by none of ours. */
  readonly externalBytes: number;
  /** What we answer for: granted, resident and not yet given back. */
  readonly committedBytes: number;
  readonly usedBytes: number;
  readonly tokensUsed: number;
};

/** A device that nobody has reported yet. */
export function createDevice({ deviceId, kind, name }: DeviceReport, nowMs: number): Device {
  return {
    ...{ deviceId, kind, name, totalBytes: 0, observedBytes: 0, tokens: 0 },
    ...{ reporters: new Map(), units: new Map(), slots: new Map() },
    ...{ zone: "green", zoneSinceMs: nowMs, seenAtMs: nowMs },
    ...{ cleanUpAtMs: Number.NEGATIVE_INFINITY, revokedAtMs: Number.NEGATIVE_INFINITY },
    ...{ caution: 0, cautionAtMs: nowMs, leak: undefined },
  };
}

/** Whether somebody has lately reported the device: only then is anything granted on it. */
export function isFresh(device: Device): boolean {
  return device.reporters.size > 0;
}

/** The slots charged to one unit. */
export function slotsOf(device: Device, unit: Unit): Slot[] {
  return [...unit.slots.keys()].flatMap((slotId) => device.slots.get(slotId) ?? []);
}

/** A device's use now: external = max(0, observed − Σ ours), used = max(observed, external + Σ committed). */
export function toFigures(device: Device): Figures {
  let oursBytes = 0;
  let committedBytes = 0;
  let tokensUsed = 0;
  for (const unit of device.units.values()) {
    oursBytes += unit.usedBytes;
    committedBytes += chargeBytes(unit);
  }
  for (const slot of device.slots.values()) tokensUsed += slot.tokens;
  const externalBytes = Math.max(0, device.observedBytes - oursBytes);
  const usedBytes = Math.max(device.observedBytes, externalBytes + committedBytes);
  return { externalBytes, committedBytes, usedBytes, tokensUsed };
}

/** Moves the device to the zone of its present use. */
export function updateZone(device: Device, nowMs: number, rules: Rules): void {
  if (device.totalBytes === 0) return;
  const byUse = nextZone(device.zone, toFigures(device).usedBytes / device.totalBytes, rulesOf(device, rules));
  const zone = byUse === "green" && nowMs < rules.cautiousUntilMs ? "amber" : byUse;
  if (zone === device.zone) return;
  device.zone = zone;
  device.zoneSinceMs = nowMs;
}
