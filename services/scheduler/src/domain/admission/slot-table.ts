import type { Epoch } from "@pixelmesh/proto";
import type { Device, GrantedSlot } from "../devices/device.ts";
import type { SchedulerEffect } from "../effects.ts";
import type { Rules } from "../rules.ts";
import type { SlotChoice } from "./decide.ts";
import { chargeSlot, releaseSlot } from "./ledger.ts";
import type { SlotRequest } from "./slot-request.ts";

/** All granted slots, by the call that holds them. */
export type SlotTable = {
  get(callId: string): GrantedSlot | undefined;
  /** Returns the slot of an epoch, as its holder announces it again. */
  findByEpoch(epoch: Epoch): GrantedSlot | undefined;
  /** Charges and stores a new slot. */
  grant(callId: string, request: SlotRequest, choice: SlotChoice, nowMs: number): GrantedSlot;
  /** Extends a slot by `validMs`. */
  renew(slot: GrantedSlot, nowMs: number): void;
  /** Moves a slot to another call of its holder and renews it. */
  move(slot: GrantedSlot, callId: string, nowMs: number): void;
  /** Removes a slot; its memory stays charged until the next report. */
  drop(slot: GrantedSlot, nowMs: number): void;
  /** Returns the slots whose grant expired more than `expiryGraceMs` ago. */
  expired(nowMs: number): GrantedSlot[];
};

/** Creates an empty table. Epochs count grants within `term`. */
export function createSlotTable(devices: ReadonlyMap<string, Device>, rules: Rules, term: number): SlotTable {
  const slotsByCall = new Map<string, GrantedSlot>();
  let counter = 0;
  return {
    get: (callId) => slotsByCall.get(callId),
    findByEpoch: (epoch) =>
      [...slotsByCall.values()].find((slot) => slot.epoch.term === epoch.term && slot.epoch.counter === epoch.counter),
    grant(callId, request, { device, optionIndex, peakBytes, tokens, alone }, nowMs) {
      counter += 1;
      const uncharged = {
        slotId: `${term}.${counter}`,
        callId,
        request,
        deviceId: device.deviceId,
        optionIndex,
        peakBytes,
        tokens,
        alone,
        shared: false,
        epoch: { term, counter },
        grantedAtMs: nowMs,
        expiresAtMs: nowMs + rules.validMs,
        broken: false,
        revoked: false,
      };
      const slot = chargeSlot(device, uncharged, nowMs, rules);
      slotsByCall.set(callId, slot);
      return slot;
    },
    renew(slot, nowMs) {
      slot.expiresAtMs = nowMs + rules.validMs;
    },
    move(slot, callId, nowMs) {
      slotsByCall.delete(slot.callId);
      slot.callId = callId;
      slot.broken = false;
      slot.expiresAtMs = nowMs + rules.validMs;
      slotsByCall.set(callId, slot);
    },
    drop(slot, nowMs) {
      slotsByCall.delete(slot.callId);
      const device = devices.get(slot.deviceId);
      if (device !== undefined) releaseSlot(device, slot.slotId, nowMs, rules);
    },
    expired: (nowMs) => [...slotsByCall.values()].filter((slot) => nowMs >= slot.expiresAtMs + rules.expiryGraceMs),
  };
}

/** Returns the effect that sends a slot's grant, also as the answer to a renewal. */
export function toGrantEffect(slot: GrantedSlot, rules: Rules): SchedulerEffect {
  const { callId, slotId, deviceId, optionIndex, epoch } = slot;
  return { kind: "grant", callId, slotId, deviceId, optionIndex, epoch, validMs: rules.validMs };
}
