import { type Context, predictOption } from "../admission/decide.ts";
import { deltaBytes } from "../admission/ledger.ts";
import { type Device, type Slot, toFigures } from "../devices/device.ts";
import { hostKey, type Unit } from "../devices/memory-owners.ts";
import { rulesOf } from "../devices/oom-backoff.ts";
import { maxUsedBytes } from "../devices/pressure-zones.ts";
import type { Rules } from "../rules.ts";
import type { Effect, SlotRequest } from "../types.ts";
import { chooseEvictions, leavingBytes } from "./choose-evictions.ts";

/**
 * What a device that grows too full asks for: idle hosts to end and caches to be freed towards the clean-up bound, and,
 * red for `revokeAfterMs`, its least important slot back, one at a time.
 */
export function relieve(device: Device, nowMs: number, rules: Rules): Effect[] {
  const effects: Effect[] = [];
  const targetBytes = device.totalBytes * rules.cleanUpFraction;
  const wantedBytes = Math.ceil(toFigures(device).usedBytes - targetBytes - leavingBytes(device, nowMs));
  const isDue = device.kind === "memory" || device.zone !== "green";
  if (isDue && wantedBytes > 0) {
    const hosts = chooseEvictions(device, wantedBytes, { nowMs, rules, partly: true });
    effects.push(...hosts.map((unit) => evict(unit, nowMs, rules)));
    if (nowMs - device.cleanUpAtMs >= rules.cleanUpEveryMs) {
      device.cleanUpAtMs = nowMs;
      const command = { kind: "cleanUp", wantedBytes } as const;
      effects.push(
        ...[...device.reporters.keys()].map((reporterId) => ({ kind: "command", reporterId, command }) as const),
      );
    }
  }
  const victim = chooseVictim(device, nowMs, rules);
  if (victim !== undefined) {
    victim.revoked = true;
    device.revokedAtMs = nowMs;
    effects.push({ kind: "revoke", callId: victim.callId, why: "The device is out of memory" });
  }
  return effects;
}

/** The idle hosts to end so that a request that waits for memory fits by its smallest option; none where that is no help. */
export function makeRoom(device: Device, request: SlotRequest, context: Context): Effect[] {
  const { nowMs } = context;
  const rules = rulesOf(device, context.rules);
  const { usedBytes } = toFigures(device);
  const deltas = request.options.map((_, index) => {
    const { peakBytes } = predictOption(device, request, index, context);
    return deltaBytes(device, request, peakBytes, nowMs);
  });
  const overBytes = usedBytes + Math.min(...deltas) - maxUsedBytes(device, request.workClass, rules);
  // Heavy work waits for green, which begins below the bound that amber is left at.
  const overGreenBytes =
    device.zone === "green" || request.workClass === "light"
      ? 0
      : usedBytes - device.totalBytes * rules.leaveAmberFraction + 1;
  const wantedBytes = Math.max(overBytes, overGreenBytes) - leavingBytes(device, nowMs);
  if (wantedBytes <= 0) return [];
  const keepKey = hostKey(request.hostId);
  return chooseEvictions(device, wantedBytes, { nowMs, rules, keepKey }).map((unit) => evict(unit, nowMs, rules));
}

function evict(unit: Unit, nowMs: number, rules: Rules): Effect {
  const hostId = unit.host?.hostId ?? "";
  if (unit.host !== undefined) unit.host.evictingUntilMs = nowMs + rules.evictTimeoutMs;
  return { kind: "command", reporterId: unit.reporterId, command: { kind: "evictHost", hostId } };
}

/** Batch before interactive, and among equals the latest: it has the least to lose. */
function chooseVictim(device: Device, nowMs: number, rules: Rules): Slot | undefined {
  const isDue =
    device.zone === "red" &&
    nowMs - device.zoneSinceMs >= rules.revokeAfterMs &&
    nowMs - device.revokedAtMs >= rules.revokeAfterMs;
  const slots = [...device.slots.values()];
  if (!isDue || slots.some((slot) => slot.revoked)) return undefined;
  const weight = (slot: Slot) => (slot.request.priority === "batch" ? 1 : 0);
  return slots.sort((a, b) => weight(b) - weight(a) || b.epoch.counter - a.epoch.counter).find((slot) => !slot.broken);
}
