import type { Epoch } from "@pixelmesh/proto";
import type { SlotRequest } from "../admission/slot-request.ts";
import type { Rules } from "../rules.ts";
import type { DeviceKind, DeviceReport } from "./device-report.ts";
import type { MemoryLeak } from "./leak-detection.ts";
import { chargeBytes, type MemoryOwner } from "./memory-owners.ts";
import { type OutOfMemoryBackoff, rulesFor } from "./oom-backoff.ts";
import { nextZone, type Zone } from "./pressure-zones.ts";
import type { ProviderState } from "./provider-report.ts";

/** A granted slot. Times on the scheduler's clock. */
export type GrantedSlot = {
  readonly slotId: string;
  /** The call that holds it; it changes when the slot is announced again. */
  callId: string;
  readonly request: SlotRequest;
  readonly deviceId: string;
  /** The charged memory owner; a reported host takes over from the pending host it was. */
  ownerKey: string;
  readonly optionIndex: number;
  /** The predicted peak of its owner. */
  readonly peakBytes: number;
  readonly tokens: number;
  /** No other work may run beside it. */
  readonly alone: boolean;
  /** Whether other work ever ran beside it: then its measurement is not used. */
  shared: boolean;
  readonly epoch: Epoch;
  readonly grantedAtMs: number;
  expiresAtMs: number;
  /** Its call ended without a release: it stays charged until it expires or its host is idle. */
  broken: boolean;
  revoked: boolean;
};

/** A device: the combined view of all its reporters, and the slots granted on it. */
export type Device = OutOfMemoryBackoff & {
  readonly deviceId: string;
  readonly kind: DeviceKind;
  name: string;
  totalBytes: number;
  /** The largest reading of the fresh reports; without one the last known reading. */
  observedBytes: number;
  tokens: number;
  /** Fresh reports only, by reporter. */
  readonly reporters: Map<string, { readonly report: DeviceReport; readonly atMs: number }>;
  readonly owners: Map<string, MemoryOwner>;
  readonly slots: Map<string, GrantedSlot>;
  zone: Zone;
  zoneSinceMs: number;
  /** When it was last reported. */
  seenAtMs: number;
  /** When the last clean-up was ordered and the last slot revoked. */
  cleanUpAtMs: number;
  revokedAtMs: number;
  leak: MemoryLeak | undefined;
  /** Of a provider of hosted models only. Its memory is 0. */
  provider: ProviderState | undefined;
};

/** The use of a device. `usedBytes` is the larger of observed and committed memory. */
export type DeviceUsage = {
  /** Used by processes that are not memory owners. */
  readonly externalBytes: number;
  /** Charged to memory owners. */
  readonly committedBytes: number;
  readonly usedBytes: number;
  readonly tokensUsed: number;
};

/** Creates a device without reporters. */
export function createDevice({ deviceId, kind, name }: DeviceReport, nowMs: number): Device {
  return {
    deviceId,
    kind,
    name,
    totalBytes: 0,
    observedBytes: 0,
    tokens: 0,
    reporters: new Map(),
    owners: new Map(),
    slots: new Map(),
    zone: "green",
    zoneSinceMs: nowMs,
    seenAtMs: nowMs,
    cleanUpAtMs: Number.NEGATIVE_INFINITY,
    revokedAtMs: Number.NEGATIVE_INFINITY,
    greenReduction: 0,
    greenChangedAtMs: nowMs,
    leak: undefined,
    provider: undefined,
  };
}

/** Returns whether the device has a fresh report; without one it gets no new work. */
export function isFresh(device: Device): boolean {
  return device.reporters.size > 0;
}

/** Returns the slots that are charged to one owner. */
export function slotsOf(device: Device, owner: MemoryOwner): GrantedSlot[] {
  return [...owner.slots.keys()].flatMap((slotId) => device.slots.get(slotId) ?? []);
}

/** Returns a device's use: external = max(0, observed − Σ owners' use), used = max(observed, external + Σ charges). */
export function usageOf(device: Device): DeviceUsage {
  let ownersBytes = 0;
  let committedBytes = 0;
  let tokensUsed = 0;
  for (const owner of device.owners.values()) {
    ownersBytes += owner.usedBytes;
    committedBytes += chargeBytes(owner);
  }
  for (const slot of device.slots.values()) tokensUsed += slot.tokens;
  const externalBytes = Math.max(0, device.observedBytes - ownersBytes);
  const usedBytes = Math.max(device.observedBytes, externalBytes + committedBytes);
  return { externalBytes, committedBytes, usedBytes, tokensUsed };
}

/** Moves the device to the zone of its current use. */
export function updateZone(device: Device, nowMs: number, rules: Rules): void {
  if (device.totalBytes === 0) return;
  const byUse = nextZone(device.zone, usageOf(device).usedBytes / device.totalBytes, rulesFor(device, rules));
  const zone = byUse === "green" && nowMs < rules.takeoverUntilMs ? "amber" : byUse;
  if (zone === device.zone) return;
  device.zone = zone;
  device.zoneSinceMs = nowMs;
}
