import type { Device } from "../devices/device.ts";
import type { SchedulerEffect } from "../effects.ts";
import { evictForRequest } from "../relief/evict-for-request.ts";
import type { Rules } from "../rules.ts";
import { isCrowded } from "./crowding.ts";
import { type AdmissionDecision, decide, decideResumed, devicesFor } from "./decide.ts";
import { explainWait, type WaitCause } from "./explain-wait.ts";
import { fitsWhenDrained } from "./fits.ts";
import { createKeptCalls, type KeptCalls } from "./kept-calls.ts";
import type { MemoryProfiles } from "./memory-profiles.ts";
import type { AdmissionContext } from "./predict-option.ts";
import type { RequestQueue, WaitingRequest } from "./queue.ts";
import type { SlotRequest, WaitReason } from "./slot-request.ts";
import { type SlotTable, toGrantEffect } from "./slot-table.ts";

/** Tries waiting requests in the order of the queue. */
export type QueuePass = {
  /** Tries all waiting requests. Call it after each event that frees memory or slots. */
  run(nowMs: number): SchedulerEffect[];
  /** Tries one request that came after the last run, with the reservations and wait reasons of that run. */
  tryOne(waiting: WaitingRequest, nowMs: number): SchedulerEffect[];
};

/** State that a pass reads and changes. */
export type QueuePassParts = {
  readonly devices: ReadonlyMap<string, Device>;
  readonly queue: RequestQueue;
  readonly slots: SlotTable;
  readonly profiles: MemoryProfiles;
  readonly rules: Rules;
  readonly term: number;
};

/** Why requests of one shape wait. */
type FoundWait = { readonly why: WaitReason; readonly cause: WaitCause; readonly deviceId: string };

/** Findings of one run: ids of reserved devices, calls of providers that are kept, and the wait reason of each request shape. */
type PassFindings = {
  readonly reserved: Set<string>;
  readonly keptCalls: KeptCalls;
  readonly waits: Map<string, FoundWait>;
};

const noFindings = (): PassFindings => ({ reserved: new Set(), keptCalls: createKeptCalls(), waits: new Map() });

function describeWait(
  request: SlotRequest,
  { wait, device }: Extract<AdmissionDecision, { readonly wait: WaitReason }>,
  context: AdmissionContext,
): FoundWait {
  return { why: wait, cause: explainWait(request, wait, device, context), deviceId: device?.deviceId ?? "" };
}

/** Creates a pass without findings. */
export function createQueuePass({ devices, queue, slots, profiles, rules, term }: QueuePassParts): QueuePass {
  let findings = noFindings();

  function tryOne(waiting: WaitingRequest, nowMs: number): SchedulerEffect[] {
    const { callId, request, shape } = waiting;
    const plain: AdmissionContext = { profiles, rules, nowMs, keptCalls: findings.keptCalls };
    const context = { ...plain, isCrowded: (device: Device) => isCrowded(device, waiting, queue.entries, plain) };
    // 1. Requests of equal shape wait for the same reason; decide only once for each shape.
    const known = findings.waits.get(shape);
    const decision: AdmissionDecision =
      known !== undefined
        ? { wait: known.why }
        : (decideResumed(request, devices, term, context) ?? decide(request, devices, findings.reserved, context));
    // 2. Grant.
    if ("choice" in decision) {
      queue.remove(callId);
      return [toGrantEffect(slots.grant(callId, request, decision.choice, nowMs), rules)];
    }
    // 3. Record the wait reason.
    const found = known ?? describeWait(request, decision, plain);
    Object.assign(waiting, found, { reserves: false });
    findings.waits.set(shape, found);
    // 4. Reserve a device for it, or evict idle hosts.
    return helpWaiting(waiting, known === undefined, context);
  }

  /** Reserves a device for a request that has waited long, and evicts idle hosts for one that waits for memory. */
  function helpWaiting(waiting: WaitingRequest, isFirstOfShape: boolean, context: AdmissionContext): SchedulerEffect[] {
    const { request, sinceMs, why, deviceId } = waiting;
    const { reserved, keptCalls } = findings;
    if (devices.get(deviceId)?.kind === "provider") {
      if (context.nowMs - sinceMs >= rules.reserveAfterMs) keptCalls.keep(deviceId, request, why);
      return [];
    }
    // Queue order alone gives it a free slot of its class. Memory and tokens would keep going to smaller requests.
    const mayReserve = context.nowMs - sinceMs >= rules.reserveAfterMs && why !== "class";
    const needsMemory = isFirstOfShape && (why === "memory" || why === "zone");
    if ((!mayReserve && !needsMemory) || reserved.size === devices.size) return [];
    const target = devicesFor(request, devices).find(
      (device) => !reserved.has(device.deviceId) && fitsWhenDrained(device, request, context),
    );
    if (target === undefined) return [];
    if (mayReserve) reserved.add(target.deviceId);
    waiting.reserves = mayReserve;
    return needsMemory ? evictForRequest(target, request, context) : [];
  }

  return {
    run(nowMs) {
      findings = noFindings();
      return [...queue.entries].flatMap((waiting) => tryOne(waiting, nowMs));
    },
    tryOne,
  };
}
