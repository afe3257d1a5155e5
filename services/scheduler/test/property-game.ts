import type { SchedulerEffect } from "../src/domain/effects.ts";
import { defaultRules, limitBytes, type Rules } from "../src/domain/rules.ts";
import { createScheduler } from "../src/domain/scheduler.ts";
import { type DrawnRequest, instances, totalBytes } from "./drawn-requests.ts";
import { createSimulatedMesh } from "./simulated-mesh.ts";

/** Rules of the property tests. */
export const rules: Rules = { ...defaultRules, gpuHeadroomBytes: 50, minHostAgeMs: 3_000, maxWaitMs: 60_000 };

/** One event of a property test. */
export type GameEvent =
  | { readonly kind: "ask"; readonly drawn: DrawnRequest }
  | { readonly kind: "report" }
  | { readonly kind: "renew" }
  | { readonly kind: "wait"; readonly ms: number }
  | { readonly kind: "silence"; readonly instance: (typeof instances)[number] }
  | { readonly kind: "grow" | "release" | "break" | "cancel"; readonly pick: number; readonly share: number }
  | { readonly kind: "foreign"; readonly deviceId: string; readonly bytes: number };

/** Starts a scheduler on a simulated mesh. `act` plays events; the mesh collects broken rules in `mistakes`. */
export function play(external: readonly number[], pinned: boolean) {
  const scheduler = createScheduler({ rules, profiles: new Map(), term: 1 });
  const world = createSimulatedMesh(external, new Set(pinned ? ["small"] : []));
  const clock = { nowMs: 0 };
  const committed = () =>
    new Map(
      scheduler.snapshot(clock.nowMs).devices.map((one) => [one.deviceId, one.externalBytes + one.committedBytes]),
    );

  /** Feeds one event and carries out its effects. A reading itself changes the committed memory, before any grant does. */
  const feed = (event: () => SchedulerEffect[], isReading = false): void => {
    const before = committed();
    const effects = event();
    const after = scheduler.snapshot(clock.nowMs);
    world.apply(effects, clock.nowMs);
    const grantedOn = new Set(effects.flatMap((one) => (one.kind === "grant" ? [one.deviceId] : [])));
    for (const device of after.devices) {
      const committedBytes = device.externalBytes + device.committedBytes;
      const isMore = committedBytes > (before.get(device.deviceId) ?? 0);
      if (!grantedOn.has(device.deviceId) || isReading || !isMore) continue;
      // A grant stays within the bound and adds no memory in red.
      const limit = limitBytes(device.kind, totalBytes, rules.amberFraction, rules);
      if (committedBytes > limit || device.zone === "red")
        world.mistakes.push(`granted to ${committedBytes} in ${device.zone}`);
    }
  };

  let reporter: (typeof instances)[number] = "0";
  const reportOnce = () =>
    scheduler.report(`s/${reporter}`, world.reports(reporter), world.openSlots(reporter), clock.nowMs);
  const report = () => {
    for (reporter of instances) if (!world.silent.has(reporter)) feed(reportOnce, true);
  };
  const wait = (ms: number) => {
    clock.nowMs += ms;
    world.expire(clock.nowMs);
    feed(() => scheduler.tick(clock.nowMs), true);
  };
  const release = (callId: string) => {
    const measurement = world.finish(callId);
    feed(() => scheduler.release(callId, measurement, clock.nowMs));
    const once = scheduler.snapshot(clock.nowMs);
    const again = scheduler.release(callId, measurement, clock.nowMs);
    const isSame = JSON.stringify(scheduler.snapshot(clock.nowMs)) === JSON.stringify(once);
    if (again.length > 0 || !isSame) world.mistakes.push("releasing twice changed something");
  };
  const disconnect = (callId: string) => {
    world.breakOff(callId);
    feed(() => scheduler.disconnect(callId, clock.nowMs));
  };

  const act = (event: GameEvent): void => {
    if (event.kind === "ask") {
      const [callId, request] = world.addCall(event.drawn, clock.nowMs + 45_000);
      feed(() => scheduler.request(callId, request, clock.nowMs));
    } else if (event.kind === "report") report();
    else if (event.kind === "wait") wait(event.ms);
    else if (event.kind === "silence") {
      if (!world.silent.delete(event.instance)) world.silent.add(event.instance);
    } else if (event.kind === "foreign") world.external.set(event.deviceId, event.bytes);
    else if (event.kind === "renew") {
      for (const callId of world.held()) {
        world.renew(callId, clock.nowMs);
        feed(() => scheduler.renew(callId, clock.nowMs));
      }
    } else {
      const from = { cancel: world.waiting, grow: world.running, release: world.held, break: world.held }[event.kind]();
      const callId = from[event.pick % from.length];
      if (callId === undefined) return;
      if (event.kind === "grow") world.grow(callId, event.share);
      else if (event.kind === "release") release(callId);
      else disconnect(callId);
    }
  };

  /** All processes report and release until nothing waits or runs. */
  const drain = () => {
    world.silent.clear();
    for (let seconds = 0; seconds < 90; seconds += 1) {
      report();
      for (const callId of world.held()) release(callId);
      wait(1_000);
    }
    report();
  };
  return { scheduler, world, clock, act, report, drain };
}
