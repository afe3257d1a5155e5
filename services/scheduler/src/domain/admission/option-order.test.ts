import { expect, test } from "vitest";
import { granted, host, start } from "../../../test/one-device-scheduler.ts";
import type { SchedulerEffect } from "../effects.ts";
import { optionOrder } from "./option-order.ts";
import type { SlotRequest } from "./slot-request.ts";

/** Options of a model on a processor of four cores: all threads in the shared host, or two threads in one of two hosts of their own. */
const options: SlotRequest["options"] = ["", "h/1", "h/2"].map((hostId) => ({
  tilePx: 320,
  batch: 1,
  peakBytes: 100,
  computeTokens: hostId === "" ? 4 : 2,
  hostId,
}));
const work = { modelDigest: "m", hostId: "h", options } as const;
const optionsOf = (effects: SchedulerEffect[]) =>
  effects.flatMap((effect) => (effect.kind === "grant" ? [[effect.callId, effect.optionIndex]] : []));

/** Starts a scheduler whose memory profile of the model is known, so that its work need not run alone. */
function startProven() {
  const game = start({}, new Map([["m/cpu/host/320/1", { runs: 9, peakBytes: 100, runMs: 10 }]]));
  game.report(100);
  return game;
}

test("work that is alone gets all threads", () => {
  const { ask, release } = startProven();
  for (const call of ["a", "b"]) {
    expect(optionsOf(ask(call, 0, work))).toEqual([[call, 0]]);
    release(call);
  }
});

test("while other work waits, each gets few threads and a host of its own", () => {
  const { ask, release } = startProven();
  ask("a", 0, work);
  for (const call of ["b", "c", "d"]) expect(granted(ask(call, 0, work))).toEqual([]);
  expect(optionsOf(release("a"))).toEqual([
    ["b", 1],
    ["c", 2],
  ]);
  // The last one takes what is free at once.
  expect(optionsOf(release("b"))).toEqual([["d", 1]]);
  release("c");
  release("d");
  expect(optionsOf(ask("e", 0, work))).toEqual([["e", 0]]);
});

test("work of another kind that waits for the device's cores counts too, work that needs none does not", () => {
  const { ask, release } = startProven();
  ask("a", 10, { tokens: 4 });
  ask("b", 0, work);
  ask("c", 10, { tokens: 3 });
  expect(optionsOf(release("a"))).toEqual([["b", 1]]);
  release("b");
  release("c");
  ask("d", 10, { tokens: 4 });
  ask("e", 0, work);
  // It waits for memory, not for cores.
  ask("f", 800, { tokens: 0 });
  expect(optionsOf(release("d"))[0]).toEqual(["e", 0]);
});

test("hosts of few threads are charged one beside another", () => {
  const { ask, release, report, device } = startProven();
  const before = device().committedBytes;
  ask("a", 0, work);
  ask("b", 0, work);
  ask("c", 0, work);
  expect(device().committedBytes - before).toBe(100);
  release("a");
  expect(device().committedBytes - before).toBe(300);
  // One host is reported before the other: each keeps its own charge.
  report(200, [host("h", 60), host("h/1", 40, { models: [model] })]);
  expect(device().committedBytes - before).toBe(60 + 100 + 100);
  report(260, [host("h", 60), host("h/1", 40, { models: [model] }), host("h/2", 60, { models: [model] })]);
  expect(device().committedBytes - before).toBe(60 + 100 + 100);
  release("b");
  release("c");
  report(260, [host("h", 60), host("h/1", 40), host("h/2", 60)]);
  expect(device().committedBytes - before).toBe(160);
});

test("tiles keep their order with any threads of their options", () => {
  const option = { batch: 1, peakBytes: 1 };
  const tiles = [
    { ...option, tilePx: 512, computeTokens: 4 },
    { ...option, tilePx: 512, computeTokens: 2, hostId: "h/1" },
    { ...option, tilePx: 256, computeTokens: 1 },
    { ...option, tilePx: 512, computeTokens: 1, hostId: "h/2" },
  ];
  const request = { ...work, options: tiles } as unknown as SlotRequest;
  expect(optionOrder(request, false)).toEqual([0, 1, 2, 3]);
  expect(optionOrder(request, true)).toEqual([3, 1, 0, 2]);
});

const model = { name: "m", digest: "m", provider: "cpu", residentBytes: 0, pinned: false, lastUsedUnixMs: 0 };
