import fc from "fast-check";
import { expect, test } from "vitest";
import { startProvider } from "../../test/one-provider-scheduler.ts";
import type { SlotRequest, WorkClass } from "./admission/slot-request.ts";
import type { SchedulerEffect } from "./effects.ts";

const classes = ["light", "heavy", "exclusive"] as const;
const tenants = ["a", "b", "c"] as const;
const models = ["m1", "m2", "m3"] as const;
const reserveAfterMs = 5_000;

type Call = Pick<SlotRequest, "tenant" | "workClass"> & { readonly model: string };
type Limits = Readonly<Record<WorkClass, number>> & {
  readonly models: Readonly<Record<string, number>>;
  readonly tenants: Readonly<Record<string, number>>;
};
type Event =
  | { readonly kind: "ask"; readonly call: Call }
  | { readonly kind: "release" | "cancel"; readonly pick: number }
  | { readonly kind: "wait"; readonly ms: number }
  | { readonly kind: "close"; readonly ms: number };

const limit = fc.integer({ min: 1, max: 3 });
const limits: fc.Arbitrary<Limits> = fc.record({
  light: limit,
  heavy: limit,
  exclusive: limit,
  models: fc.dictionary(fc.constantFrom(...models), limit),
  tenants: fc.dictionary(fc.constantFrom(...tenants, "*"), limit),
});
const call = fc.record({
  tenant: fc.constantFrom(...tenants),
  workClass: fc.constantFrom(...classes),
  model: fc.constantFrom(...models),
});
const event: fc.Arbitrary<Event> = fc.oneof(
  { weight: 5, arbitrary: fc.record({ kind: fc.constant("ask" as const), call }) },
  { weight: 4, arbitrary: fc.record({ kind: fc.constant("release" as const), pick: fc.nat(20) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant("cancel" as const), pick: fc.nat(20) }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant("wait" as const), ms: fc.integer({ min: 1, max: 3_000 }) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant("close" as const), ms: fc.integer({ min: 0, max: 4_000 }) }) },
);

/** Counts by an implementation of its own: the scheduler's effects alone say which calls are held. */
function startGame(given: Limits) {
  const mesh = startProvider({ reserveAfterMs });
  const held = new Map<string, Call>();
  const waiting = new Map<string, { readonly call: Call; readonly sinceMs: number }>();
  let counter = 0;
  let closedUntilMs = 0;
  const report = () => mesh.report(given, { closedForMs: Math.max(0, closedUntilMs - mesh.clock.nowMs) });
  const apply = (effects: SchedulerEffect[]) => {
    for (const effect of effects) {
      if (effect.kind === "end") waiting.delete(effect.callId);
      if (effect.kind !== "grant" || held.has(effect.callId)) continue;
      const asked = waiting.get(effect.callId);
      if (asked === undefined) throw new Error(`granted ${effect.callId}, which does not wait`);
      if (mesh.clock.nowMs < closedUntilMs) throw new Error("granted by a closed provider");
      waiting.delete(effect.callId);
      held.set(effect.callId, asked.call);
    }
  };
  const ask = (asked: Call) => {
    counter += 1;
    const callId = String(counter);
    waiting.set(callId, { call: asked, sinceMs: mesh.clock.nowMs });
    apply(mesh.ask(callId, asked));
    return callId;
  };
  const release = (callId: string) => {
    held.delete(callId);
    apply(mesh.release(callId));
  };
  const pass = (ms: number) => {
    mesh.clock.nowMs += ms;
    for (const callId of held.keys()) mesh.scheduler.renew(callId, mesh.clock.nowMs);
    apply(report());
    apply(mesh.later(0));
  };
  const act = (one: Event) => {
    if (one.kind === "ask") ask(one.call);
    else if (one.kind === "wait") pass(one.ms);
    else if (one.kind === "close") {
      closedUntilMs = mesh.clock.nowMs + one.ms;
      apply(report());
    } else {
      const ids = [...(one.kind === "release" ? held : waiting).keys()];
      const callId = ids[one.pick % Math.max(1, ids.length)];
      if (callId === undefined) return;
      if (one.kind === "release") return release(callId);
      waiting.delete(callId);
      apply(mesh.scheduler.disconnect(callId, mesh.clock.nowMs));
    }
  };
  const count = (is: (one: Call) => boolean) => [...held.values()].filter(is).length;
  const fits = ({ tenant, workClass, model }: Call) =>
    count((one) => one.workClass === workClass) < given[workClass] &&
    count((one) => one.model === model) < (given.models[model] ?? Number.POSITIVE_INFINITY) &&
    count((one) => one.tenant === tenant) < (given.tenants[tenant] ?? given.tenants["*"] ?? Number.POSITIVE_INFINITY);
  apply(report());
  return {
    mesh,
    held,
    waiting,
    act,
    ask,
    release,
    pass,
    count,
    fits,
    isClosed: () => mesh.clock.nowMs < closedUntilMs,
  };
}

test("no limit of a class, a model or a tenant is ever exceeded, and a closed provider gets no call", () => {
  fc.assert(
    fc.property(limits, fc.array(event, { maxLength: 120, size: "max" }), (given, events) => {
      const game = startGame(given);
      for (const one of events) {
        game.act(one);
        for (const name of classes)
          expect(game.count(({ workClass }) => workClass === name)).toBeLessThanOrEqual(given[name]);
        for (const name of models)
          expect(game.count(({ model }) => model === name)).toBeLessThanOrEqual(given.models[name] ?? 1_000);
        for (const name of tenants) {
          const most = given.tenants[name] ?? given.tenants["*"] ?? 1_000;
          expect(game.count(({ tenant }) => tenant === name)).toBeLessThanOrEqual(most);
        }
      }
    }),
    { numRuns: 300 },
  );
});

test("no call waits that the limits allow, except where one that has waited longer than the reservation time keeps a call", () => {
  fc.assert(
    fc.property(limits, fc.array(event, { maxLength: 120, size: "max" }), (given, events) => {
      const game = startGame(given);
      for (const one of events) {
        game.act(one);
        if (game.isClosed()) continue;
        // A closing that has just ended is noticed with the next event, at most one tick later.
        game.pass(0);
        const { nowMs } = game.mesh.clock;
        const isAged = [...game.waiting.values()].some(({ sinceMs }) => nowMs - sinceMs >= reserveAfterMs);
        if (isAged) continue;
        for (const { call: waits } of game.waiting.values()) expect(game.fits(waits)).toBe(false);
      }
    }),
    { numRuns: 300 },
  );
});

test("a request that needs three scarce calls at once is granted although others come without end", () => {
  fc.assert(
    fc.property(
      fc.array(fc.record({ call, runMs: fc.integer({ min: 100, max: 2_000 }) }), { minLength: 1, maxLength: 8 }),
      call,
      fc.integer({ min: 1, max: 2 }),
      (others, wanted, most) => {
        const game = startGame({
          light: most,
          heavy: most,
          exclusive: most,
          models: Object.fromEntries(models.map((name) => [name, most])),
          tenants: { "*": most },
        });
        const ends = new Map<string, number>();
        let drawn = 0;
        const fill = () => {
          for (; game.waiting.size < 12; drawn += 1) game.ask(others[drawn % others.length]!.call);
        };
        fill();
        const callId = game.ask(wanted);
        for (let stepMs = 0; !game.held.has(callId); stepMs += 100) {
          // At most: those before it, the reservation time, and three calls of the longest time for each unit.
          expect(stepMs).toBeLessThan(13 * 2_000 + reserveAfterMs + 3 * 2_000);
          fill();
          for (const heldId of [...game.held.keys()]) {
            const endMs = ends.get(heldId) ?? game.mesh.clock.nowMs + others[ends.size % others.length]!.runMs;
            ends.set(heldId, endMs);
            if (game.mesh.clock.nowMs >= endMs) game.release(heldId);
          }
          game.pass(100);
        }
      },
    ),
    { numRuns: 150 },
  );
});
