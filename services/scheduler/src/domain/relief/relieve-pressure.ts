import { type Device, type GrantedSlot, usageOf } from "../devices/device.ts";
import type { SchedulerEffect } from "../effects.ts";
import type { Rules } from "../rules.ts";
import { chooseEvictions, evictingBytes } from "./choose-evictions.ts";
import { evictHost } from "./evict-host.ts";

/**
 * Relieves a device that is too full. Above the clean-up bound it evicts idle hosts and orders its reporters to free caches. After
 * `revokeAfterMs` in red it revokes the least important slot, one at a time.
 */
export function relievePressure(device: Device, nowMs: number, rules: Rules): SchedulerEffect[] {
  return [...cleanUp(device, nowMs, rules), ...revokeOne(device, nowMs, rules)];
}

function cleanUp(device: Device, nowMs: number, rules: Rules): SchedulerEffect[] {
  const targetBytes = device.totalBytes * rules.cleanUpFraction;
  const wantedBytes = Math.ceil(usageOf(device).usedBytes - targetBytes - evictingBytes(device, nowMs));
  const isDue = device.kind === "memory" || device.zone !== "green";
  if (!isDue || wantedBytes <= 0) return [];
  const hosts = chooseEvictions(device, wantedBytes, { nowMs, rules, partly: true });
  const evictions = hosts.map((host) => evictHost(host, nowMs, rules));
  if (nowMs - device.cleanUpAtMs < rules.cleanUpEveryMs) return evictions;
  device.cleanUpAtMs = nowMs;
  const command = { kind: "cleanUp", wantedBytes } as const;
  const cleanUps = [...device.reporters.keys()].map(
    (reporterId) => ({ kind: "command", reporterId, command }) as const,
  );
  return [...evictions, ...cleanUps];
}

function revokeOne(device: Device, nowMs: number, rules: Rules): SchedulerEffect[] {
  const victim = chooseVictim(device, nowMs, rules);
  if (victim === undefined) return [];
  victim.revoked = true;
  device.revokedAtMs = nowMs;
  return [{ kind: "revoke", callId: victim.callId, why: "The device is out of memory" }];
}

/** Prefers batch to interactive slots, then the latest grant, which loses the least work. */
function chooseVictim(device: Device, nowMs: number, rules: Rules): GrantedSlot | undefined {
  const isDue =
    device.zone === "red" &&
    nowMs - device.zoneSinceMs >= rules.revokeAfterMs &&
    nowMs - device.revokedAtMs >= rules.revokeAfterMs;
  const slots = [...device.slots.values()];
  if (!isDue || slots.some((slot) => slot.revoked)) return undefined;
  const weight = (slot: GrantedSlot) => (slot.request.priority === "batch" ? 1 : 0);
  return slots.sort((a, b) => weight(b) - weight(a) || b.epoch.counter - a.epoch.counter).find((slot) => !slot.broken);
}
