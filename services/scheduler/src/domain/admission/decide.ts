import { type Device, type Figures, isFresh, toFigures } from "../devices/device.ts";
import { hostKey } from "../devices/memory-owners.ts";
import { rulesOf } from "../devices/oom-backoff.ts";
import { maxUsedBytes, memoryVeto } from "../devices/pressure-zones.ts";
import type { Rules } from "../rules.ts";
import type { SlotRequest, WaitReason } from "../types.ts";
import { deltaBytes } from "./ledger.ts";
import { type Cards, type Prediction, predictPeak, toCardName } from "./memory-profiles.ts";

/** What a request may have right now. */
export type Choice = {
  readonly device: Device;
  readonly optionIndex: number;
  readonly peakBytes: number;
  readonly deltaBytes: number;
  readonly tokens: number;
  readonly alone: boolean;
};

/** A choice, or what is waited for. */
export type Decision = { readonly choice: Choice } | { readonly wait: WaitReason };

/** What decisions are made from. */
export type Context = { readonly cards: Cards; readonly rules: Rules; readonly nowMs: number };

/**
 * The first option that fits on the first device that takes it: the device of the request's warm host, then as the request
 * prefers. Devices in `reserved` are passed over.
 */
export function decide(
  request: SlotRequest,
  devices: ReadonlyMap<string, Device>,
  reserved: ReadonlySet<string>,
  context: Context,
): Decision {
  let wait: WaitReason = "stale";
  for (const device of inOrder(request, devices)) {
    const decision = reserved.has(device.deviceId)
      ? { wait: "reservation" as const }
      : decideOn(device, request, context);
    if ("choice" in decision) return decision;
    // What the most preferred device lacks is what the caller is told.
    if (wait === "stale") wait = decision.wait;
  }
  return { wait };
}

/** What a request may have of one device right now. */
export function decideOn(device: Device, request: SlotRequest, context: Context): Decision {
  if (!isFresh(device)) return { wait: "stale" };
  const { nowMs } = context;
  const rules = rulesOf(device, context.rules);
  const figures = toFigures(device);
  let wait: WaitReason = "memory";
  for (const [optionIndex, option] of request.options.entries()) {
    const { peakBytes, isProven } = predictOption(device, request, optionIndex, context);
    const tokens = Math.min(option.computeTokens, device.tokens);
    const delta = deltaBytes(device, request, peakBytes, nowMs);
    const alone = !isProven || request.alone === true;
    const veto =
      companyVeto(device, request, alone, rules) ??
      tokensVeto(device, figures, tokens) ??
      memoryVeto(device, request.workClass, { usedBytes: figures.usedBytes, deltaBytes: delta }, rules) ??
      (delta > 0 && nowMs < rules.cautiousUntilMs ? "zone" : undefined);
    if (veto === undefined) {
      return { choice: { device, optionIndex, peakBytes, deltaBytes: delta, tokens, alone } };
    }
    wait = veto;
  }
  return { wait };
}

/** Whether work fits a device that is emptied: no slots, no idle host but pinned ones, everything else as it is now. */
export function fitsWhenDrained(device: Device, request: SlotRequest, context: Context): boolean {
  if (!isFresh(device)) return false;
  const rules = rulesOf(device, context.rules);
  let staysBytes = toFigures(device).externalBytes;
  for (const unit of device.units.values()) {
    if (unit.kind === "process") staysBytes += unit.idleBytes;
    if (unit.host?.models.some((model) => model.pinned)) staysBytes += unit.usedBytes;
  }
  if (device.zone !== "green" && staysBytes >= device.totalBytes * rules.leaveAmberFraction) return false;
  const roomBytes = maxUsedBytes(device, request.workClass, rules) - staysBytes;
  return request.options.some((_, index) => predictOption(device, request, index, context).peakBytes <= roomBytes);
}

/** Whether every device the request names is known, and is too small for every option even with nothing on it. */
export function fitsNowhere(request: SlotRequest, devices: ReadonlyMap<string, Device>, context: Context): boolean {
  return request.deviceIds.every((deviceId) => {
    const device = devices.get(deviceId);
    if (device === undefined) return false;
    const roomBytes = maxUsedBytes(device, request.workClass, context.rules);
    return request.options.every((_, index) => predictOption(device, request, index, context).peakBytes > roomBytes);
  });
}

/** The request's devices that are known: that of its host first, then as preferred. */
export function inOrder(request: SlotRequest, devices: ReadonlyMap<string, Device>): Device[] {
  const named = request.deviceIds.flatMap((deviceId) => devices.get(deviceId) ?? []);
  if (request.hostId === "") return named;
  const isWarm = (device: Device) => device.units.has(hostKey(request.hostId));
  return [...named.filter(isWarm), ...named.filter((device) => !isWarm(device))];
}

/** The card's name for an option of a request on a device; undefined for work without a model, which has no card. */
export function cardNameOf(device: Device, request: SlotRequest, optionIndex: number): string | undefined {
  const option = request.options[optionIndex];
  if (request.modelDigest === "" || option === undefined) return undefined;
  const { tilePx, batch } = option;
  const provider = providerOn(device, request.modelDigest);
  return toCardName({ modelDigest: request.modelDigest, provider, deviceName: device.name, tilePx, batch });
}

/** The predicted peak of an option of a request on a device. */
export function predictOption(
  device: Device,
  request: SlotRequest,
  index: number,
  { cards, rules }: Context,
): Prediction {
  const estimateBytes = request.options[index]?.peakBytes ?? 0;
  const name = cardNameOf(device, request, index);
  if (name === undefined) return { peakBytes: estimateBytes, isProven: true };
  return predictPeak(cards.get(name), estimateBytes, rules.unmeasuredFactor);
}

/** The provider that runs a model on a device, as its hosts report it; before the first load the device kind's usual one. */
function providerOn(device: Device, modelDigest: string): string {
  for (const unit of device.units.values()) {
    const model = unit.host?.models.find(({ digest }) => digest === modelDigest);
    if (model !== undefined && model.provider !== "") return model.provider;
  }
  return device.kind === "gpu" ? "cuda" : "cpu";
}

/** Slots per class; `exclusive` never beside another class; what is `alone` beside nothing at all. */
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

function tokensVeto(device: Device, figures: Figures, tokens: number): "tokens" | undefined {
  return figures.tokensUsed + tokens > device.tokens ? "tokens" : undefined;
}

/**
 * Work that ran under an earlier scheduler goes on where it runs: its memory is in use already, whatever the zone. Slots, tokens
 * and company are still kept to: others may have been granted since.
 */
export function resumed(
  request: SlotRequest,
  devices: ReadonlyMap<string, Device>,
  term: number,
  context: Context,
): { readonly choice: Choice } | undefined {
  const [device] = inOrder(request, devices);
  if (request.resume === undefined || request.resume.term >= term || device === undefined) return undefined;
  const { peakBytes, isProven } = predictOption(device, request, 0, context);
  const tokens = Math.min(request.options[0]?.computeTokens ?? 0, device.tokens);
  const alone = !isProven || request.alone === true;
  const veto = companyVeto(device, request, alone, context.rules) ?? tokensVeto(device, toFigures(device), tokens);
  if (veto !== undefined) return undefined;
  const delta = deltaBytes(device, request, peakBytes, context.nowMs);
  return { choice: { device, optionIndex: 0, peakBytes, deltaBytes: delta, tokens, alone } };
}
