import { type Device, type DeviceUsage, isFresh, usageOf } from "../devices/device.ts";
import { hostKey } from "../devices/memory-owners.ts";
import { rulesFor } from "../devices/oom-backoff.ts";
import { memoryVeto } from "../devices/pressure-zones.ts";
import type { Rules } from "../rules.ts";
import { callVeto, mayResumeCall } from "./decide-call.ts";
import { deltaBytes } from "./ledger.ts";
import { optionOrder } from "./option-order.ts";
import { type AdmissionContext, mustRunAlone, predictOption } from "./predict-option.ts";
import type { SlotRequest, WaitReason } from "./slot-request.ts";

/** The device and option that a request gets now. */
export type SlotChoice = {
  readonly device: Device;
  readonly optionIndex: number;
  readonly peakBytes: number;
  /** Memory that the grant adds to what is charged already. */
  readonly deltaBytes: number;
  readonly tokens: number;
  readonly alone: boolean;
};

/** A choice, or the reason to wait with the device that it is about; undefined: no device is known or has a fresh report. */
export type AdmissionDecision =
  | { readonly choice: SlotChoice }
  | { readonly wait: WaitReason; readonly device?: Device };

/**
 * Returns the first option that fits, on the first device that has one. Devices with `reserved` ids are skipped. If none fits, the
 * result is the wait reason of the most preferred device that has a fresh report.
 */
export function decide(
  request: SlotRequest,
  devices: ReadonlyMap<string, Device>,
  reserved: ReadonlySet<string>,
  context: AdmissionContext,
): AdmissionDecision {
  let first: { readonly wait: WaitReason; readonly device?: Device } = { wait: "stale" };
  for (const device of devicesFor(request, devices)) {
    const decision = reserved.has(device.deviceId)
      ? { wait: "reservation" as const }
      : decideOn(device, request, context);
    if ("choice" in decision) return decision;
    if (first.wait === "stale" && decision.wait !== "stale") first = { wait: decision.wait, device };
  }
  return first;
}

/** Returns the known devices of a request: the device of its host first, then in the request's order. */
export function devicesFor(request: SlotRequest, devices: ReadonlyMap<string, Device>): Device[] {
  const named = request.deviceIds.flatMap((deviceId) => devices.get(deviceId) ?? []);
  if (request.hostId === "") return named;
  const isWarm = (device: Device) => device.owners.has(hostKey(request.hostId));
  return [...named.filter(isWarm), ...named.filter((device) => !isWarm(device))];
}

/** Returns the first option that fits a device now, or why the last one does not. The order is that of `optionOrder`. */
export function decideOn(device: Device, request: SlotRequest, context: AdmissionContext): AdmissionDecision {
  // 1. Without a fresh report nothing is granted.
  if (!isFresh(device)) return { wait: "stale" };
  if (device.kind === "provider") {
    const callWait = callVeto(device, request, context);
    return callWait === undefined ? { choice: toCall(device) } : { wait: callWait };
  }
  const rules = rulesFor(device, context.rules);
  const usage = usageOf(device);
  let wait: WaitReason = "memory";
  // Work that must be alone has no use for few threads: they would leave the other cores idle.
  const mayShare = request.options.length > 1 && !mustRunAlone(device, request, 0, context);
  for (const optionIndex of optionOrder(request, mayShare && (context.isCrowded?.(device) ?? false))) {
    // 2. Predict what the option needs of the device.
    const choice = chooseOption(device, request, optionIndex, context);
    // 3. Check work beside it, its host, compute tokens, memory, and the grants of an earlier leader, in this order.
    const veto =
      companyVeto(device, request, choice.alone, rules) ??
      hostVeto(device, request.options[optionIndex]?.hostId) ??
      tokensVeto(device, usage, choice.tokens) ??
      memoryVeto(device, request.workClass, { usedBytes: usage.usedBytes, deltaBytes: choice.deltaBytes }, rules) ??
      takeoverVeto(choice.deltaBytes, context);
    // 4. Take the first option without a veto.
    if (veto === undefined) return { choice };
    wait = veto;
  }
  return { wait };
}

/**
 * Returns the choice for work that runs since an earlier term: it continues on its device in any zone, because its memory is already in
 * use. Undefined for other requests, and if slots, tokens or work granted since then forbid it.
 */
export function decideResumed(
  request: SlotRequest,
  devices: ReadonlyMap<string, Device>,
  term: number,
  context: AdmissionContext,
): { readonly choice: SlotChoice } | undefined {
  const [device] = devicesFor(request, devices);
  if (request.resume === undefined || request.resume.term >= term || device === undefined) return undefined;
  if (device.kind === "provider") return mayResumeCall(device, request) ? { choice: toCall(device) } : undefined;
  const choice = chooseOption(device, request, 0, context);
  const veto =
    companyVeto(device, request, choice.alone, context.rules) ??
    hostVeto(device, request.options[0]?.hostId) ??
    tokensVeto(device, usageOf(device), choice.tokens);
  return veto === undefined ? { choice } : undefined;
}

/** A call of a provider needs no memory and no compute tokens. */
function toCall(device: Device): SlotChoice {
  return { device, optionIndex: 0, peakBytes: 0, deltaBytes: 0, tokens: 0, alone: false };
}

function chooseOption(
  device: Device,
  request: SlotRequest,
  optionIndex: number,
  context: AdmissionContext,
): SlotChoice {
  const { peakBytes } = predictOption(device, request, optionIndex, context);
  return {
    device,
    optionIndex,
    peakBytes,
    deltaBytes: deltaBytes(device, { request, optionIndex, peakBytes }, context.nowMs),
    tokens: Math.min(request.options[optionIndex]?.computeTokens ?? 0, device.tokens),
    alone: mustRunAlone(device, request, optionIndex, context),
  };
}

/** Limits the slots of a class. Keeps `exclusive` work apart from other classes, and `alone` work apart from all work. */
function companyVeto(
  device: Device,
  request: SlotRequest,
  alone: boolean,
  rules: Rules,
): "class" | "company" | undefined {
  const slots = [...device.slots.values()];
  if (slots.length === 0) return undefined;
  if (alone || slots.some((slot) => slot.alone)) return "company";
  const mixesExclusive = (other: SlotRequest) =>
    other.workClass !== request.workClass && [other.workClass, request.workClass].includes("exclusive");
  if (slots.some((slot) => mixesExclusive(slot.request))) return "company";
  const running = slots.filter((slot) => slot.request.workClass === request.workClass).length;
  return running >= rules.classSlots[request.workClass] ? "class" : undefined;
}

/** Forbids a second slot on a host that holds one at a time. */
function hostVeto(device: Device, hostId = ""): "tokens" | undefined {
  if (hostId === "") return undefined;
  const isTaken = [...device.slots.values()].some(
    ({ request, optionIndex }) => request.options[optionIndex]?.hostId === hostId,
  );
  return isTaken ? "tokens" : undefined;
}

function tokensVeto(device: Device, usage: DeviceUsage, tokens: number): "tokens" | undefined {
  return usage.tokensUsed + tokens > device.tokens ? "tokens" : undefined;
}

/** Forbids new memory while grants of an earlier leader may still run. */
function takeoverVeto(neededBytes: number, { nowMs, rules }: AdmissionContext): "zone" | undefined {
  return neededBytes > 0 && nowMs < rules.takeoverUntilMs ? "zone" : undefined;
}
