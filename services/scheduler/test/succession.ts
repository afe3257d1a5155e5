import type { Rules } from "../src/domain/rules.ts";
import { createScheduler } from "../src/domain/scheduler.ts";
import type { Effect } from "../src/domain/types.ts";
import { instances, type Wish } from "./wishes.ts";
import { createWorld, validMs } from "./world.ts";

type Instance = (typeof instances)[number];
type Grant = Extract<Effect, { kind: "grant" }>;
type Late = { readonly instance: Instance; readonly effect: Effect; readonly term: number };

/** A request answered within this is taken at its word; older, its holder asks again before it starts. */
const promptMs = 1_000;

/**
 * A mesh in which schedulers and workers die and workers are stopped for a while, each at any moment: one leader follows
 * another, answers lie unread, runs go on without their call and are announced again. Holders keep to what libs/worker does.
 */
export function createSuccession(external: readonly number[], rules: Rules) {
  const world = createWorld(external, new Set());
  const clock = { nowMs: 0 };
  const cards = new Map();
  const paused = new Set<Instance>();
  const seenTerm = new Map<string, number>();
  const askedAtMs = new Map<string, number>();
  let late: Late[] = [];
  let term = 1;
  let switchedAtMs = Number.NEGATIVE_INFINITY;
  let scheduler = createScheduler({ rules, cards, term });

  const instanceOf = (effect: Effect): Instance | undefined =>
    effect.kind === "command"
      ? (effect.reporterId.split("/")[1] as Instance)
      : (world.calls.get(effect.callId)?.request.instance as Instance | undefined);

  function feed(effects: readonly Effect[]): void {
    for (const effect of effects) {
      const instance = instanceOf(effect);
      if (instance === undefined) continue;
      if (paused.has(instance)) late.push({ instance, effect, term });
      else deliver(effect, instance);
    }
  }
  function deliver(effect: Effect, instance: Instance): void {
    if (effect.kind === "grant") {
      // Its holder has gone, and the scheduler is about to find the call closed.
      if (world.calls.get(effect.callId)?.state === "ended") {
        feed(scheduler.disconnect(effect.callId, clock.nowMs));
        return;
      }
      seenTerm.set(instance, Math.max(seenTerm.get(instance) ?? 0, effect.epoch.term));
    }
    world.apply([effect], clock.nowMs);
  }
  /** What a process finds when it wakes up. */
  function deliverLate({ instance, effect, term: sentTerm }: Late): void {
    if (effect.kind === "command") {
      const hostId = effect.command.kind === "evictHost" ? effect.command.hostId : "";
      // The process itself does not end a host that it has come to use meanwhile.
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
    else giveUp(grant.callId);
  }
  function giveUp(callId: string): void {
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
    ask(wish: Wish) {
      if (paused.has(wish.instance)) return;
      const [callId, request] = world.wish(wish, clock.nowMs + 45_000);
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
    /** A call breaks off; what it holds runs on. */
    breakOff(n: number) {
      const callId = pick(world.held(), n);
      if (callId === undefined) return;
      world.breakOff(callId);
      feed(scheduler.disconnect(callId, clock.nowMs));
    },
    announce(n: number) {
      const again = world.resume(pick(world.running(), n) ?? "");
      if (again === undefined) return;
      askedAtMs.set(again[0], clock.nowMs);
      feed(scheduler.request(again[0], again[1], clock.nowMs));
    },
    /** A process is stopped, or goes on: it finds what came meanwhile. */
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
    /** The leader is gone for good; another leads, and knows nothing but the cards. */
    killLeader() {
      const isGranted = (callId: string) =>
        late.some(({ effect }) => effect.kind === "grant" && effect.callId === callId);
      for (const [callId, call] of world.calls) {
        if (call.state === "held" || call.state === "resuming") call.state = "broken";
        else if (call.state === "waiting" && !isGranted(callId)) world.stop(callId);
      }
      term += 1;
      switchedAtMs = clock.nowMs;
      scheduler = createScheduler({ rules: { ...rules, cautiousUntilMs: clock.nowMs + validMs }, cards, term });
    },
    /** What runs without being charged by whoever leads, once it has waited out the leaders before it. */
    unadmitted(): string[] {
      const slots = new Set(scheduler.snapshot(clock.nowMs).slots.map(({ slotId }) => slotId));
      return world.running().filter((callId) => {
        const call = world.calls.get(callId);
        const isOld = (call?.epoch?.term ?? 0) < term;
        return isOld ? clock.nowMs >= switchedAtMs + validMs : !slots.has(call?.slotId ?? "");
      });
    },
    snapshot: () => scheduler.snapshot(clock.nowMs),
    /** Everybody is awake and reports, whoever holds releases, until nothing waits or runs. */
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
