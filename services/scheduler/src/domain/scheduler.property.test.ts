import fc from "fast-check";
import { expect, test } from "vitest";
import { assertAlways, timeoutMs } from "../../test/runs.ts";
import { deviceIds, instances, tokensTotal, totalBytes, type Wish, wishes } from "../../test/wishes.ts";
import { createWorld } from "../../test/world.ts";
import { defaultRules, limitBytes, type Rules } from "./rules.ts";
import { createScheduler } from "./scheduler.ts";
import type { Effect, SlotRequest } from "./types.ts";

const rules: Rules = { ...defaultRules, gpuHeadroomBytes: 50, minResidentMs: 3_000, maxWaitMs: 60_000 };

type Action =
  | { readonly kind: "ask"; readonly wish: Wish }
  | { readonly kind: "report" }
  | { readonly kind: "renew" }
  | { readonly kind: "wait"; readonly ms: number }
  | { readonly kind: "silence"; readonly instance: (typeof instances)[number] }
  | { readonly kind: "grow" | "release" | "break" | "cancel"; readonly pick: number; readonly share: number }
  | { readonly kind: "foreign"; readonly deviceId: string; readonly bytes: number };

const share = fc.oneof(fc.constant(1), fc.double({ min: 0, max: 1, noNaN: true }));
const picked = (kind: "grow" | "release" | "break" | "cancel") =>
  fc.record({ kind: fc.constant(kind), pick: fc.nat(20), share });
const waited = (maxMs: number) =>
  fc.record({ kind: fc.constant("wait" as const), ms: fc.integer({ min: 1, max: maxMs }) });
const often = (weight: number, arbitrary: fc.Arbitrary<Action>) => ({ weight, arbitrary });
const steady = [
  often(8, fc.record({ kind: fc.constant("ask" as const), wish: wishes })),
  often(8, picked("grow")),
  often(5, fc.constant({ kind: "report" as const })),
  often(3, fc.constant({ kind: "renew" as const })),
  often(4, picked("release")),
  often(4, waited(600)),
  often(1, waited(6_000)),
  often(1, fc.record({ kind: fc.constant("silence" as const), instance: fc.constantFrom(...instances) })),
  often(1, picked("break")),
  often(1, picked("cancel")),
];
const foreign = often(
  2,
  fc.record({
    kind: fc.constant("foreign" as const),
    deviceId: fc.constantFrom(...deviceIds),
    bytes: fc.oneof(fc.integer({ min: 0, max: 400 }), fc.integer({ min: 0, max: 1_000 })),
  }),
);
const actionsOf = (...kinds: { weight: number; arbitrary: fc.Arbitrary<Action> }[]) =>
  fc.array(fc.oneof(...kinds), { minLength: 30, maxLength: 100, size: "max" });
const starts = { external: fc.tuple(fc.nat(300), fc.nat(300)), pinned: fc.boolean() };

function play(external: readonly number[], pinned: boolean) {
  const scheduler = createScheduler({ rules, cards: new Map(), term: 1 });
  const world = createWorld(external, new Set(pinned ? ["small"] : []));
  const clock = { nowMs: 0 };
  const promised = () =>
    new Map(
      scheduler.snapshot(clock.nowMs).devices.map((one) => [one.deviceId, one.externalBytes + one.committedBytes]),
    );

  /** Feeds one event and carries out what follows. A reading itself changes what is promised, before any grant does. */
  const feed = (event: () => Effect[], isReading = false): void => {
    const before = promised();
    const effects = event();
    const after = scheduler.snapshot(clock.nowMs);
    world.apply(effects, clock.nowMs);
    const grantedOn = new Set(effects.flatMap((one) => (one.kind === "grant" ? [one.deviceId] : [])));
    for (const device of after.devices) {
      const promisedBytes = device.externalBytes + device.committedBytes;
      const isMore = promisedBytes > (before.get(device.deviceId) ?? 0);
      if (!grantedOn.has(device.deviceId) || isReading || !isMore) continue;
      // What a grant adds stays within the bound and is never added in red.
      const limit = limitBytes(device.kind, totalBytes, rules.amberFraction, rules);
      if (promisedBytes > limit || device.zone === "red")
        world.mistakes.push(`granted to ${promisedBytes} in ${device.zone}`);
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

  const act = (action: Action): void => {
    if (action.kind === "ask") {
      const [callId, request] = world.wish(action.wish, clock.nowMs + 45_000);
      feed(() => scheduler.request(callId, request, clock.nowMs));
    } else if (action.kind === "report") report();
    else if (action.kind === "wait") wait(action.ms);
    else if (action.kind === "silence") {
      if (!world.silent.delete(action.instance)) world.silent.add(action.instance);
    } else if (action.kind === "foreign") world.external.set(action.deviceId, action.bytes);
    else if (action.kind === "renew") {
      for (const callId of world.held()) {
        world.renew(callId, clock.nowMs);
        feed(() => scheduler.renew(callId, clock.nowMs));
      }
    } else {
      const from = { cancel: world.waiting, grow: world.running, release: world.held, break: world.held }[
        action.kind
      ]();
      const callId = from[action.pick % from.length];
      if (callId === undefined) return;
      if (action.kind === "grow") world.grow(callId, action.share);
      else if (action.kind === "release") release(callId);
      else disconnect(callId);
    }
  };

  /** Everybody reports, whoever holds releases, until nothing waits or runs. */
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

/** Whether a request without a model may surely run: what SCHEDULER.md says, written out again. */
function surelyFits(game: ReturnType<typeof play>, request: SlotRequest): boolean {
  const { devices, slots } = game.scheduler.snapshot(game.clock.nowMs);
  return devices.some((device) => {
    const beside = slots.filter((slot) => slot.deviceId === device.deviceId);
    const peakBytes = request.options[0]!.peakBytes;
    const tokens = Math.min(request.options[0]!.computeTokens, tokensTotal);
    return (
      request.deviceIds.includes(device.deviceId) &&
      device.isFresh &&
      device.zone === "green" &&
      device.usedBytes + peakBytes <= limitBytes(device.kind, totalBytes, rules.greenFraction, rules) &&
      device.tokensUsed + tokens <= tokensTotal &&
      beside.every(
        (slot) => !slot.alone && (slot.request.workClass === "exclusive") === (request.workClass === "exclusive"),
      ) &&
      beside.filter((slot) => slot.request.workClass === request.workClass).length < rules.classSlots[request.workClass]
    );
  });
}

/** What of slots, tokens and company is not as the rules say. */
function findBreaches(game: ReturnType<typeof play>): string[] {
  const { devices, slots } = game.scheduler.snapshot(game.clock.nowMs);
  return devices.flatMap((device) => {
    const beside = slots.filter((slot) => slot.deviceId === device.deviceId);
    const classes = beside.map((slot) => slot.request.workClass);
    const names = ["light", "heavy", "exclusive"] as const;
    return [
      device.tokensUsed > tokensTotal ? "more tokens used than there are" : "",
      beside.length > 1 && beside.some((slot) => slot.alone) ? "unproven work with company" : "",
      classes.includes("exclusive") && new Set(classes).size > 1 ? "exclusive work with company" : "",
      names.some((name) => classes.filter((one) => one === name).length > rules.classSlots[name])
        ? "too many slots"
        : "",
    ].filter((breach) => breach !== "");
  });
}

test("(1) while foreign memory holds still, a device's real use never passes its bound, whatever starts, grows, breaks or falls silent", {
  timeout: timeoutMs,
}, () => {
  assertAlways(
    "foreign-still",
    fc.property(starts.external, starts.pinned, actionsOf(...steady), (external, pinned, actions) => {
      const game = play(external, pinned);
      game.report();
      for (const action of actions) {
        game.act(action);
        const mostBytes = Math.max(...deviceIds.map(game.world.trueBytes));
        if (mostBytes > totalBytes * rules.amberFraction) game.world.mistakes.push(`${mostBytes} bytes in use`);
        if (game.world.mistakes.length > 0) expect(game.world.mistakes).toEqual([]);
      }
    }),
  );
});

test("(1, 2, 3, 4) whatever foreign memory does: no grant passes the bound or adds memory in red, releasing twice is releasing once, no host in use is evicted; slots, tokens and company stay within theirs", {
  timeout: timeoutMs,
}, () => {
  assertAlways(
    "foreign-moves",
    fc.property(starts.external, starts.pinned, actionsOf(...steady, foreign), (external, pinned, actions) => {
      const game = play(external, pinned);
      for (const action of actions) {
        game.act(action);
        const breaches = [...game.world.mistakes, ...findBreaches(game)];
        if (breaches.length > 0) expect(breaches).toEqual([]);
      }
    }),
  );
});

test("(9) no waiting request would fit, except behind one that has waited longer than the reservation time", {
  timeout: timeoutMs,
}, () => {
  assertAlways(
    "work-conserving",
    fc.property(starts.external, actionsOf(...steady, foreign), (external, actions) => {
      const game = play(external, false);
      const askedAtMs = new Map<string, number>();
      for (const action of actions) {
        game.act(action);
        const waiting = game.world.waiting();
        for (const callId of waiting) if (!askedAtMs.has(callId)) askedAtMs.set(callId, game.clock.nowMs);
        // Time and the end of a call change what fits only at the next event, which is at most one tick away.
        if (!["ask", "release", "report"].includes(action.kind)) continue;
        const isAged = waiting.some((callId) => game.clock.nowMs - askedAtMs.get(callId)! >= rules.reserveAfterMs);
        if (isAged) continue;
        for (const callId of waiting) {
          const { request } = game.world.calls.get(callId)!;
          if (request.modelDigest === "") expect(surelyFits(game, request)).toBe(false);
        }
      }
    }),
  );
});

test("(5) every request ends granted, refused or cancelled within its bound, and nothing stays charged after it", {
  timeout: timeoutMs,
}, () => {
  assertAlways(
    "ends",
    fc.property(starts.external, actionsOf(...steady, foreign), (external, actions) => {
      const game = play(external, false);
      for (const action of actions) game.act(action);
      game.drain();
      expect([...game.world.calls.values()].filter((call) => call.state !== "ended")).toEqual([]);
      const { devices, slots, queues } = game.scheduler.snapshot(game.clock.nowMs);
      expect(slots).toEqual([]);
      expect(queues.map((queue) => queue.waiting)).toEqual([0, 0, 0]);
      for (const device of devices) {
        const trueBytes = game.world.trueBytes(device.deviceId);
        expect(device.externalBytes + device.committedBytes).toBe(trueBytes);
      }
    }),
  );
});

test("(8) a large batch request is not starved by an endless stream of small interactive ones", {
  timeout: timeoutMs,
}, () => {
  const small = fc.record({ bytes: fc.integer({ min: 60, max: 150 }), runMs: fc.integer({ min: 100, max: 1_500 }) });
  const large = fc.record({
    bytes: fc.integer({ min: 300, max: 700 }),
    workClass: fc.constantFrom("heavy" as const, "exclusive" as const),
    tokens: fc.integer({ min: 0, max: 4 }),
  });
  // Ageing, then reservation, then the longest of the small ones, each at most once.
  const boundMs = rules.ageingMs + rules.reserveAfterMs + 5_000;
  assertAlways(
    "starvation",
    fc.property(fc.array(small, { minLength: 1, maxLength: 5 }), large, (smalls, { bytes, workClass, tokens }) => {
      const game = play([100, 100], false);
      const base = { model: "", instance: "0", devices: ["d0"], warm: false } as const;
      const wish = { ...base, sizeBytes: bytes, workClass, priority: "batch", tokens } as const;
      const ends = new Map<string, number>();
      const isHeld = () => game.world.calls.get("c4")?.state === "held";
      for (let nowMs = 0; !isHeld(); nowMs += 200) {
        expect(nowMs).toBeLessThan(boundMs);
        for (let n = game.world.waiting().length; n < 4; n += 1) {
          const { bytes: sizeBytes } = smalls[game.world.calls.size % smalls.length]!;
          const light = { workClass: "light", priority: "interactive", tokens: 1 } as const;
          game.act({ kind: "ask", wish: { ...base, ...light, sizeBytes } });
        }
        // The device is taken by small ones before the large one comes.
        if (nowMs === 0) game.act({ kind: "report" });
        if (nowMs === 0) game.act({ kind: "ask", wish });
        for (const callId of game.world.held()) {
          const endMs = ends.get(callId) ?? nowMs + smalls[ends.size % smalls.length]!.runMs;
          ends.set(callId, endMs);
          const pick = game.world.held().indexOf(callId);
          if (nowMs >= endMs) game.act({ kind: "release", pick, share: 0 });
        }
        game.act({ kind: "report" });
        game.act({ kind: "wait", ms: 200 });
      }
    }),
  );
});
