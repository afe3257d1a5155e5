import type { SchedulerEffect } from "../src/domain/effects.ts";
import type { Rules } from "../src/domain/rules.ts";
import { createScheduler } from "../src/domain/scheduler.ts";
import { type DrawnRequest, instances } from "./drawn-requests.ts";
import { createSimulatedMesh, validMs } from "./simulated-mesh.ts";

type Instance = (typeof instances)[number];
type Grant = Extract<SchedulerEffect, { kind: "grant" }>;
type Late = { readonly instance: Instance; readonly effect: SchedulerEffect; readonly term: number };

/** A holder starts on a grant within this time after its request; later it renews the grant first. */
const promptMs = 1_000;

/**
 * Creates a simulated mesh in which leaders and workers die, and workers pause, at any moment: leaders succeed one another, answers are
 * read late, runs continue without their call and are announced again. Holders behave as libs/worker does.
 */
export function createSuccession(external: readonly number[], rules: Rules) {
  const world = createSimulatedMesh(external, new Set());
  const clock = { nowMs: 0 };
  const profiles = new Map();
  const paused = new Set<Instance>();
  const seenTerm = new Map<string, number>();
  const askedAtMs = new Map<string, number>();
  let late: Late[] = [];
  let term = 1;
  let switchedAtMs = Number.NEGATIVE_INFINITY;
  let scheduler = createScheduler({ rules, profiles, term });

  const instanceOf = (effect: SchedulerEffect): Instance | undefined =>
    effect.kind === "command"
      ? (effect.reporterId.split("/")[1] as Instance)
      : (world.calls.get(effect.callId)?.request.instance as Instance | undefined);

  function feed(effects: readonly SchedulerEffect[]): void {
    for (const effect of effects) {
      const instance = instanceOf(effect);
      if (instance === undefined) continue;
      if (paused.has(instance)) late.push({ instance, effect, term });
      else deliver(effect, instance);
    }
  }
  function deliver(effect: SchedulerEffect, instance: Instance): void {
    if (effect.kind === "grant") {
      // The holder has ended the call; the scheduler sees that now.
      if (world.calls.get(effect.callId)?.state === "ended") {
        feed(scheduler.disconnect(effect.callId, clock.nowMs));
        return;
      }
      seenTerm.set(instance, Math.max(seenTerm.get(instance) ?? 0, effect.epoch.term));
    }
    world.apply([effect], clock.nowMs);
  }
  /** Delivers an effect to a process that was paused. */
  function deliverLate({ instance, effect, term: sentTerm }: Late): void {
    if (effect.kind === "command") {
      const hostId = effect.command.kind === "evictHost" ? effect.command.hostId : "";
      // A process does not evict a host that is busy by now.
      if (!world.isBusy(hostId)) world.apply([effect], clock.nowMs);
    } else if (effect.kind === "grant") deliverLateGrant(effect, instance, sentTerm);
    else if (world.calls.get(effect.callId)?.state !== "ended") world.apply([effect], clock.nowMs);
  }
  function deliverLateGrant(grant: Grant, instance: Instance, sentTerm: number): void {
    const call = world.calls.get(grant.callId);
    if (call === undefined || !["waiting", "resuming"].includes(call.state)) return;
    const sentMs = askedAtMs.get(grant.callId) ?? Number.NEGATIVE_INFINITY;
    const isStale = grant.epoch.term < (seenTerm.get(instance) ?? 0);
    if (!isStale && clock.nowMs - sentMs <= promptMs) {
      deliver(grant, instance);
      world.renew(grant.callId, sentMs);
      return;
    }
    const answer = !isStale && sentTerm === term ? scheduler.renew(grant.callId, clock.nowMs) : [];
    const renewed = answer.find((one) => one.kind === "grant");
    if (renewed) deliver({ ...grant, ...renewed }, instance);
    else abandon(grant.callId);
  }
  function abandon(callId: string): void {
    world.stop(callId);
    feed(scheduler.disconnect(callId, clock.nowMs));
  }
  const pick = (callIds: readonly string[], n: number): string | undefined => {
    const able = callIds.filter((callId) => {
      const call = world.calls.get(callId);
      return call !== undefined && !paused.has(call.request.instance as Instance);
    });
    return able[n % able.length];
  };
  const report = () => {
    for (const instance of instances) {
      if (paused.has(instance)) continue;
      feed(scheduler.report(`s/${instance}`, world.reports(instance), world.openSlots(instance), clock.nowMs));
    }
  };
  const release = (callId: string | undefined) => {
    if (callId === undefined) return;
    const measurement = world.finish(callId);
    feed(scheduler.release(callId, measurement, clock.nowMs));
  };
  const wait = (ms: number) => {
    clock.nowMs += ms;
    world.expire(clock.nowMs);
    feed(scheduler.tick(clock.nowMs));
  };
  const wake = (instance: Instance) => {
    paused.delete(instance);
    const found = late.filter((one) => one.instance === instance);
    late = late.filter((one) => one.instance !== instance);
    for (const one of found) deliverLate(one);
  };

  return {
    world,
    clock,
    report,
    wait,
    ask(drawn: DrawnRequest) {
      if (paused.has(drawn.instance)) return;
      const [callId, request] = world.addCall(drawn, clock.nowMs + 45_000);
      askedAtMs.set(callId, clock.nowMs);
      feed(scheduler.request(callId, request, clock.nowMs));
    },
    grow(n: number, share: number) {
      const running = world.running();
      const callId = running[n % running.length];
      if (callId !== undefined) world.grow(callId, share);
    },
    renew(n: number) {
      const callId = pick(world.held(), n);
      if (callId === undefined) return;
      const effects = scheduler.renew(callId, clock.nowMs);
      if (effects.length > 0) world.renew(callId, clock.nowMs);
      feed(effects);
    },
    release: (n: number) => release(pick(world.held(), n)),
    /** Breaks a call; its run continues. */
    breakOff(n: number) {
      const callId = pick(world.held(), n);
      if (callId === undefined) return;
      world.breakOff(callId);
      feed(scheduler.disconnect(callId, clock.nowMs));
    },
    announce(n: number) {
      const announced = world.resume(pick(world.running(), n) ?? "");
      if (announced === undefined) return;
      askedAtMs.set(announced[0], clock.nowMs);
      feed(scheduler.request(announced[0], announced[1], clock.nowMs));
    },
    /** Pauses a process, or resumes a paused one, which then gets its late effects. */
    pause(instance: Instance) {
      if (paused.has(instance)) wake(instance);
      else paused.add(instance);
    },
    killWorker(instance: Instance) {
      paused.delete(instance);
      late = late.filter((one) => one.instance !== instance);
      seenTerm.delete(instance);
      for (const callId of world.kill(instance)) feed(scheduler.disconnect(callId, clock.nowMs));
      feed(scheduler.detach(`s/${instance}`, clock.nowMs));
    },
    /** Replaces the leader by a new one, which knows nothing but the memory profiles. */
    killLeader() {
      const isGranted = (callId: string) =>
        late.some(({ effect }) => effect.kind === "grant" && effect.callId === callId);
      for (const [callId, call] of world.calls) {
        if (call.state === "held" || call.state === "resuming") call.state = "broken";
        else if (call.state === "waiting" && !isGranted(callId)) world.stop(callId);
      }
      term += 1;
      switchedAtMs = clock.nowMs;
      scheduler = createScheduler({ rules: { ...rules, takeoverUntilMs: clock.nowMs + validMs }, profiles, term });
    },
    /** Returns the runs that the leader does not charge, after it has waited for the grants of its predecessors. */
    unadmitted(): string[] {
      const slots = new Set(scheduler.snapshot(clock.nowMs).slots.map(({ slotId }) => slotId));
      return world.running().filter((callId) => {
        const call = world.calls.get(callId);
        const isOld = (call?.epoch?.term ?? 0) < term;
        return isOld ? clock.nowMs >= switchedAtMs + validMs : !slots.has(call?.slotId ?? "");
      });
    },
    snapshot: () => scheduler.snapshot(clock.nowMs),
    /** Resumes all processes; they report and release until nothing waits or runs. */
    drain() {
      for (const instance of [...paused]) wake(instance);
      for (let seconds = 0; seconds < 70; seconds += 1) {
        report();
        for (const callId of world.held()) release(callId);
        wait(1_000);
      }
      report();
    },
  };
}
