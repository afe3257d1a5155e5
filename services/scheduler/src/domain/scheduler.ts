import { AppError } from "@pixelmesh/errors";
import {
  type Choice,
  type Context,
  cardNameOf,
  decide,
  fitsNowhere,
  fitsWhenDrained,
  inOrder,
  resumed,
} from "./admission/decide.ts";
import { chargeSlot, endedSlots, releaseSlot } from "./admission/ledger.ts";
import { type Cards, learnOutOfMemory, learnRun, learnUnmeasured, setCard } from "./admission/memory-profiles.ts";
import { createQueue, type Waiting } from "./admission/queue.ts";
import { createPassed, findWarmPeer } from "./admission/warm-peer.ts";
import { applyDeviceReport, dropReporter, dropStaleReporters } from "./devices/apply-report.ts";
import { createDevice, type Device, type Slot, updateZone } from "./devices/device.ts";
import { noteOutOfMemory, regainGreen } from "./devices/oom-backoff.ts";
import { makeRoom, relieve } from "./relief/relieve-pressure.ts";
import type { Rules } from "./rules.ts";
import { type Snapshot, toSnapshot } from "./snapshot.ts";
import type { DeviceReport, Effect, Measurement, SlotRequest, WaitReason } from "./types.ts";

/** How long a device without reporters or slots is remembered. */
const forgetDeviceMs = 60_000;

/**
 * The whole of admission as one state that events change. Every event brings the time, in ms on a clock that never goes back,
 * and answers what is to be done. Nothing here waits, reads a clock or does I/O.
 */
export type Scheduler = {
  /**
   * A reporter's devices as they are; those it no longer names are no longer seen by it. `openSlots`: what it holds; a slot
   * whose call broke and that is not among them has ended, once its host is idle.
   */
  report(reporterId: string, reports: readonly DeviceReport[], openSlots: ReadonlySet<string>, nowMs: number): Effect[];
  /** A reporter's stream ended. */
  detach(reporterId: string, nowMs: number): Effect[];
  /** A call asks for its slot. It is granted, queued or ended. */
  request(callId: string, request: SlotRequest, nowMs: number): Effect[];
  /** A call keeps its slot for another `validMs`. */
  renew(callId: string, nowMs: number): Effect[];
  /** A call gives its slot back. Repeating it, or releasing what was never granted, changes nothing. */
  release(callId: string, measurement: Measurement, nowMs: number): Effect[];
  /** A call ended: what waits is forgotten, what is held stays charged until it expires or its host is idle. */
  disconnect(callId: string, nowMs: number): Effect[];
  /** Time passed: expiry, deadlines, clean-up. To be called several times a second. */
  tick(nowMs: number): Effect[];
  snapshot(nowMs: number): Snapshot;
};

/** What a scheduler is made with. `cards` is read and added to; `term` orders schedulers over restarts. */
export type SchedulerOptions = { readonly rules: Rules; readonly cards: Cards; readonly term: number };

/**
 * What the last pass over the queue found: devices that are kept free, and what equal requests wait for. It holds until memory
 * or slots come free, and each such event makes a new pass; a request that comes in between is tried by itself.
 */
type Pass = { readonly reserved: Set<string>; readonly waits: Map<string, WaitReason> };

/** Makes a scheduler that knows no device. */
export function createScheduler({ rules, cards, term }: SchedulerOptions): Scheduler {
  const devices = new Map<string, Device>();
  const held = new Map<string, Slot>();
  const queue = createQueue(rules);
  const passed = createPassed();
  let last: Pass = { reserved: new Set(), waits: new Map() };
  let counter = 0;

  const grant = (callId: string, request: SlotRequest, choice: Choice, nowMs: number): Effect => {
    counter += 1;
    const { device, optionIndex, peakBytes, tokens, alone } = choice;
    const slot = chargeSlot(
      device,
      {
        ...{
          slotId: `${term}.${counter}`,
          callId,
          request,
          deviceId: device.deviceId,
          optionIndex,
          peakBytes,
          tokens,
          alone,
        },
        ...{ epoch: { term, counter }, grantedAtMs: nowMs, expiresAtMs: nowMs + rules.validMs },
        ...{ shared: false, broken: false, revoked: false },
      },
      nowMs,
      rules,
    );
    held.set(callId, slot);
    return toGrant(slot, rules);
  };

  const drop = (slot: Slot, nowMs: number) => {
    held.delete(slot.callId);
    const device = devices.get(slot.deviceId);
    if (device !== undefined) releaseSlot(device, slot.slotId, nowMs, rules);
  };

  /** Grants one request, or notes what it waits for in `pass`. */
  const tryOne = (waiting: Waiting, { reserved, waits }: Pass, nowMs: number): Effect[] => {
    const context: Context = { cards, rules, nowMs };
    const { callId, request, shape, sinceMs } = waiting;
    const known = waits.get(shape);
    const decision =
      known !== undefined
        ? { wait: known }
        : (resumed(request, devices, term, context) ?? decide(request, devices, reserved, context));
    if ("choice" in decision) {
      queue.remove(callId);
      return [grant(callId, request, decision.choice, nowMs)];
    }
    const { wait } = decision;
    waiting.why = wait;
    waiting.reserves = false;
    waits.set(shape, wait);
    // A free slot of its class comes to it by order alone; everything else others could go on taking.
    const mayReserve = nowMs - sinceMs >= rules.reserveAfterMs && wait !== "class";
    const needsMemory = known === undefined && (wait === "memory" || wait === "zone");
    if ((!mayReserve && !needsMemory) || reserved.size === devices.size) return [];
    const open = inOrder(request, devices).filter((device) => !reserved.has(device.deviceId));
    const target = open.find((device) => fitsWhenDrained(device, request, context));
    if (target === undefined) return [];
    if (mayReserve) reserved.add(target.deviceId);
    waiting.reserves = mayReserve;
    return needsMemory ? makeRoom(target, request, context) : [];
  };

  const grantWaiting = (nowMs: number): Effect[] => {
    last = { reserved: new Set(), waits: new Map() };
    return [...queue.entries].flatMap((waiting) => tryOne(waiting, last, nowMs));
  };

  const tell = (waiting: Waiting, index: number, nowMs: number): Effect[] => {
    const { callId, why } = waiting;
    const told = `${index} ${why}`;
    const isSoon = nowMs - waiting.toldAtMs < rules.tellEveryMs && waiting.told.endsWith(` ${why}`);
    if (waiting.told === told || isSoon) return [];
    Object.assign(waiting, { told, toldAtMs: nowMs });
    return [{ kind: "queued", callId, position: index + 1, why }];
  };

  const learn = (slot: Slot, device: Device, measurement: Measurement) => {
    const name = cardNameOf(device, slot.request, slot.optionIndex);
    if (name === undefined) return;
    const card = cards.get(name);
    const { peakBytes, runMs, outOfMemory } = measurement;
    if (outOfMemory) setCard(cards, name, learnOutOfMemory(card, slot.peakBytes));
    else if (slot.shared || runMs === 0) return;
    else if (peakBytes > 0) setCard(cards, name, learnRun(card, peakBytes, runMs));
    else setCard(cards, name, learnUnmeasured(card, slot.peakBytes, runMs));
  };

  const disconnect = (callId: string, nowMs: number): Effect[] => {
    const slot = held.get(callId);
    if (slot !== undefined) slot.broken = true;
    // Where it kept no device free, nothing has changed for those that still wait.
    return queue.remove(callId)?.reserves ? grantWaiting(nowMs) : [];
  };

  return {
    report(reporterId, reports, openSlots, nowMs) {
      for (const report of reports) {
        const device = devices.get(report.deviceId) ?? createDevice(report, nowMs);
        devices.set(report.deviceId, device);
        applyDeviceReport(device, reporterId, report, nowMs, rules);
        for (const slot of endedSlots(device, reporterId, openSlots)) drop(slot, nowMs);
      }
      const named = new Set(reports.map(({ deviceId }) => deviceId));
      for (const device of devices.values()) {
        if (!named.has(device.deviceId)) dropReporter(device, reporterId, nowMs, rules);
      }
      return grantWaiting(nowMs);
    },

    detach(reporterId, nowMs) {
      for (const device of devices.values()) dropReporter(device, reporterId, nowMs, rules);
      return grantWaiting(nowMs);
    },

    request(callId, request, nowMs) {
      const again = request.resume === undefined ? undefined : findHeld(held, request.resume);
      if (again !== undefined) {
        held.delete(again.callId);
        // Its holder knows that the call before is over; this process may not have seen it yet.
        const superseded = again.broken
          ? []
          : [{ kind: "end", callId: again.callId, error: announcedAgain() } as const];
        Object.assign(again, { callId, broken: false, expiresAtMs: nowMs + rules.validMs });
        held.set(callId, again);
        return [...superseded, toGrant(again, rules)];
      }
      const context: Context = { cards, rules, nowMs };
      if (fitsNowhere(request, devices, context)) return [{ kind: "end", callId, error: noDeviceFits() }];
      const mayPass = request.resume === undefined && !request.underWay && !passed.has(request);
      const peer = mayPass ? findWarmPeer(request, devices, context) : undefined;
      if (peer !== undefined) {
        passed.add(request);
        return [{ kind: "pass", callId, instance: peer }];
      }
      const full = queue.refusal(request);
      if (full !== undefined) return [{ kind: "end", callId, error: full }];
      const waiting = queue.add(callId, request, nowMs);
      const effects = tryOne(waiting, last, nowMs);
      const index = queue.entries.indexOf(waiting);
      return index < 0 ? effects : [...effects, ...tell(waiting, index, nowMs)];
    },

    renew(callId, nowMs) {
      const slot = held.get(callId);
      if (slot === undefined) return [];
      slot.expiresAtMs = nowMs + rules.validMs;
      return [toGrant(slot, rules)];
    },

    release(callId, measurement, nowMs) {
      const slot = held.get(callId);
      if (slot === undefined) return disconnect(callId, nowMs);
      const device = devices.get(slot.deviceId);
      if (device !== undefined) {
        learn(slot, device, measurement);
        if (measurement.outOfMemory) noteOutOfMemory(device, nowMs, rules);
      }
      drop(slot, nowMs);
      return grantWaiting(nowMs);
    },

    disconnect,

    tick(nowMs) {
      const effects: Effect[] = [];
      for (const slot of [...held.values()]) {
        if (nowMs < slot.expiresAtMs + rules.expiryGraceMs) continue;
        drop(slot, nowMs);
        if (!slot.broken) effects.push({ kind: "end", callId: slot.callId, error: grantExpired() });
      }
      for (const { callId, request, sinceMs } of [...queue.entries]) {
        if (nowMs < Math.min(request.deadlineMs, sinceMs + rules.maxWaitMs)) continue;
        queue.remove(callId);
        effects.push({ kind: "end", callId, error: waitedTooLong() });
      }
      for (const device of devices.values()) {
        dropStaleReporters(device, nowMs, rules);
        if (regainGreen(device, nowMs, rules)) updateZone(device, nowMs, rules);
        effects.push(...relieve(device, nowMs, rules));
        const isGone = device.reporters.size === 0 && device.slots.size === 0;
        if (isGone && nowMs - device.seenAtMs > forgetDeviceMs) devices.delete(device.deviceId);
      }
      effects.push(...grantWaiting(nowMs), ...queue.entries.flatMap((waiting, index) => tell(waiting, index, nowMs)));
      return effects;
    },

    snapshot: (nowMs) => toSnapshot(devices, queue, nowMs),
  };
}

function toGrant(slot: Slot, rules: Rules): Effect {
  const { callId, slotId, deviceId, optionIndex, epoch } = slot;
  return { kind: "grant", callId, slotId, deviceId, optionIndex, epoch, validMs: rules.validMs };
}

function findHeld(held: ReadonlyMap<string, Slot>, { term, counter }: Slot["epoch"]): Slot | undefined {
  return [...held.values()].find(({ epoch }) => epoch.term === term && epoch.counter === counter);
}

function announcedAgain(): AppError {
  return new AppError("SERVICE_UNAVAILABLE", "The slot was announced again by another call");
}

function noDeviceFits(): AppError {
  return new AppError("NO_DEVICE_FITS", "The work fits none of its devices, even with nothing else on them");
}

function grantExpired(): AppError {
  return new AppError("GRANT_EXPIRED", "The slot was not renewed in time");
}

function waitedTooLong(): AppError {
  return new AppError("DEADLINE_EXCEEDED", "The deadline passed while the work waited for a slot");
}
