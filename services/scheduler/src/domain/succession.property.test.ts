import fc from "fast-check";
import { expect, test } from "vitest";
import { deviceIds, drawnRequests, instances, tokensTotal, totalBytes } from "../../test/drawn-requests.ts";
import { assertAlways, timeoutMs } from "../../test/property-runs.ts";
import { createSuccession } from "../../test/succession.ts";
import { defaultRules, type Rules } from "./rules.ts";

const rules: Rules = { ...defaultRules, gpuHeadroomBytes: 50, minHostAgeMs: 3_000, maxWaitMs: 60_000 };

type Game = ReturnType<typeof createSuccession>;
type Action = (game: Game) => void;

const share = fc.oneof(fc.constant(1), fc.double({ min: 0, max: 1, noNaN: true }));
const action = (weight: number, name: string, made: fc.Arbitrary<Action>) => ({
  weight,
  // The name makes counterexamples readable.
  arbitrary: made.map((act) => Object.assign(act, { [fc.toStringMethod]: () => name })),
});
const numbered = (weight: number, name: "renew" | "release" | "breakOff" | "announce") =>
  action(
    weight,
    name,
    fc.nat(20).map((n) => (game) => game[name](n)),
  );
const ofInstance = (weight: number, name: "pause" | "killWorker") =>
  action(
    weight,
    name,
    fc.constantFrom(...instances).map((instance) => (game) => game[name](instance)),
  );
const waited = (weight: number, maxMs: number) =>
  action(
    weight,
    "wait",
    fc.integer({ min: 1, max: maxMs }).map((ms) => (game) => game.wait(ms)),
  );
const plain = (weight: number, name: "report" | "killLeader") =>
  action(
    weight,
    name,
    fc.constant((game: Game) => game[name]()),
  );

const actions = fc.array(
  fc.oneof(
    action(
      8,
      "ask",
      drawnRequests.map((drawn) => (game) => game.ask(drawn)),
    ),
    action(
      8,
      "grow",
      fc.tuple(fc.nat(20), share).map(
        ([n, part]) =>
          (game) =>
            game.grow(n, part),
      ),
    ),
    plain(8, "report"),
    plain(3, "killLeader"),
    numbered(5, "renew"),
    numbered(4, "release"),
    numbered(1, "breakOff"),
    numbered(4, "announce"),
    ofInstance(4, "pause"),
    ofInstance(1, "killWorker"),
    waited(4, 600),
    waited(1, 4_000),
    waited(1, 13_000),
  ),
  { minLength: 60, maxLength: 140, size: "max" },
);
const external = fc.tuple(fc.nat(300), fc.nat(300));

function play(bytes: readonly number[], all: readonly Action[], check: (game: Game) => void): Game {
  const game = createSuccession(bytes, rules);
  game.report();
  for (const act of all) {
    act(game);
    if (game.world.mistakes.length > 0) expect(game.world.mistakes).toEqual([]);
    check(game);
  }
  return game;
}

test("(1) whichever process dies or pauses, real use of a device never exceeds its bound, nor do the tokens of its slots", {
  timeout: timeoutMs,
}, () => {
  assertAlways(
    "succession-bounds",
    fc.property(external, actions, (bytes, all) => {
      play(bytes, all, (game) => {
        const mostBytes = Math.max(...deviceIds.map(game.world.trueBytes));
        const mostTokens = Math.max(0, ...game.snapshot().devices.map((device) => device.tokensUsed));
        if (mostBytes > totalBytes * rules.amberFraction || mostTokens > tokensTotal)
          expect([mostBytes, mostTokens]).toEqual("within the bounds");
      });
    }),
  );
});

test("(7) nothing runs on an epoch whose grants have expired, and the leader charges every run", {
  timeout: timeoutMs,
}, () => {
  assertAlways(
    "succession-epochs",
    fc.property(external, actions, (bytes, all) => {
      play(bytes, all, (game) => {
        const unadmitted = game.unadmitted();
        if (unadmitted.length > 0) expect(unadmitted).toEqual([]);
      });
    }),
  );
});

test("(6) whichever process is killed at any step, every request ends and the ledger converges to the true use", {
  timeout: timeoutMs,
}, () => {
  assertAlways(
    "succession-converges",
    fc.property(external, actions, (bytes, all) => {
      const game = play(bytes, all, () => {});
      game.drain();
      expect([...game.world.calls.values()].filter((call) => call.state !== "ended")).toEqual([]);
      const { devices, slots, queues } = game.snapshot();
      expect([slots, queues.map(({ waiting }) => waiting)]).toEqual([[], [0, 0, 0]]);
      for (const device of devices)
        expect(device.externalBytes + device.committedBytes).toBe(game.world.trueBytes(device.deviceId));
    }),
  );
});
