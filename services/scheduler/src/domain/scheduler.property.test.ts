import fc from "fast-check";
import { expect, test } from "vitest";
import { deviceIds, drawnRequests, instances, tokensTotal, totalBytes } from "../../test/drawn-requests.ts";
import { type GameEvent, play, rules } from "../../test/property-game.ts";
import { assertAlways, timeoutMs } from "../../test/property-runs.ts";
import type { SlotRequest } from "./admission/slot-request.ts";
import { limitBytes } from "./rules.ts";

const share = fc.oneof(fc.constant(1), fc.double({ min: 0, max: 1, noNaN: true }));
const picked = (kind: "grow" | "release" | "break" | "cancel") =>
  fc.record({ kind: fc.constant(kind), pick: fc.nat(20), share });
const waited = (maxMs: number) =>
  fc.record({ kind: fc.constant("wait" as const), ms: fc.integer({ min: 1, max: maxMs }) });
const often = (weight: number, arbitrary: fc.Arbitrary<GameEvent>) => ({ weight, arbitrary });
const steady = [
  often(8, fc.record({ kind: fc.constant("ask" as const), drawn: drawnRequests })),
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
const actionsOf = (...kinds: { weight: number; arbitrary: fc.Arbitrary<GameEvent> }[]) =>
  fc.array(fc.oneof(...kinds), { minLength: 30, maxLength: 100, size: "max" });
const starts = { external: fc.tuple(fc.nat(300), fc.nat(300)), pinned: fc.boolean() };

/** Returns whether a request without a model certainly fits, by a second implementation of docs/explanation/memory-admission.md. */
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

/** Returns the broken rules of slots, tokens and exclusive or unproven work. */
function findBreaches(game: ReturnType<typeof play>): string[] {
  const { devices, slots } = game.scheduler.snapshot(game.clock.nowMs);
  return devices.flatMap((device) => {
    const beside = slots.filter((slot) => slot.deviceId === device.deviceId);
    const classes = beside.map((slot) => slot.request.workClass);
    const names = ["light", "heavy", "exclusive"] as const;
    return [
      device.tokensUsed > tokensTotal ? "more tokens used than there are" : "",
      beside.length > 1 && beside.some((slot) => slot.alone) ? "unproven work beside other work" : "",
      classes.includes("exclusive") && new Set(classes).size > 1 ? "exclusive work beside another class" : "",
      names.some((name) => classes.filter((one) => one === name).length > rules.classSlots[name])
        ? "too many slots"
        : "",
    ].filter((breach) => breach !== "");
  });
}

test("(1) with constant external memory, real use of a device never exceeds its bound while work starts, grows, breaks or stops reporting", {
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

test("(1, 2, 3, 4) with any external memory, no grant exceeds the bound or adds memory in red, a release is idempotent, no host in use is evicted, and slots, tokens and classes keep their limits", {
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

test("(9) no request waits although it fits, except behind one that has waited longer than the reservation time", {
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
        // Time and ended calls have an effect only at the next event, at most one tick later.
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

test("(5) every request ends granted, refused or cancelled within its time limit, and nothing stays charged after it", {
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
  // At most once each: ageing, reservation, and the longest small request.
  const boundMs = rules.ageingMs + rules.reserveAfterMs + 5_000;
  assertAlways(
    "starvation",
    fc.property(fc.array(small, { minLength: 1, maxLength: 5 }), large, (smalls, { bytes, workClass, tokens }) => {
      const game = play([100, 100], false);
      const base = { model: "", instance: "0", devices: ["d0"], warm: false, narrowHosts: 0 } as const;
      const drawn = { ...base, sizeBytes: bytes, workClass, priority: "batch", tokens } as const;
      const ends = new Map<string, number>();
      const isHeld = () => game.world.calls.get("c4")?.state === "held";
      for (let nowMs = 0; !isHeld(); nowMs += 200) {
        expect(nowMs).toBeLessThan(boundMs);
        for (let n = game.world.waiting().length; n < 4; n += 1) {
          const { bytes: sizeBytes } = smalls[game.world.calls.size % smalls.length]!;
          const light = { workClass: "light", priority: "interactive", tokens: 1 } as const;
          game.act({ kind: "ask", drawn: { ...base, ...light, sizeBytes } });
        }
        // Small requests take the device before the large one comes.
        if (nowMs === 0) game.act({ kind: "report" });
        if (nowMs === 0) game.act({ kind: "ask", drawn });
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
