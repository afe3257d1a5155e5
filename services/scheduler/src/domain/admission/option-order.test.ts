import { expect, test } from "vitest";
import { commands, granted, host, start } from "../../../test/one-device-scheduler.ts";
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
function startProven(changes: Parameters<typeof start>[0] = {}) {
  const game = start(changes, new Map([["m/cpu/host/320/1", { runs: 9, peakBytes: 100, runMs: 10 }]]));
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
  ask("c", 10, { tokens: 2 });
  expect(optionsOf(release("a"))).toEqual([
    ["b", 1],
    ["c", 0],
  ]);
  release("b");
  release("c");
  ask("d", 10, { tokens: 4 });
  ask("e", 0, work);
  // It waits for memory, not for cores.
  ask("f", 800, { tokens: 0 });
  expect(optionsOf(release("d"))[0]).toEqual(["e", 0]);
});

test.each<[string, Parameters<ReturnType<typeof start>["ask"]>[1], Parameters<ReturnType<typeof start>["ask"]>[2]]>([
  ["needs more cores than few threads leave", 10, { tokens: 3 }],
  ["is exclusive", 10, { tokens: 1, workClass: "exclusive" }],
  ["must be alone", 10, { tokens: 1, alone: true }],
  ["must be alone because its memory is not proven", 10, { tokens: 1, modelDigest: "other" }],
  ["runs on another device", 10, { tokens: 1, deviceIds: ["e"] }],
])("work that %s does not count, because it cannot run beside", (_why, peakBytes, more) => {
  const { ask, release } = startProven();
  ask("a", 10, { tokens: 4 });
  ask("b", 0, work);
  ask("c", peakBytes, more);
  expect(optionsOf(release("a"))).toEqual([["b", 0]]);
});

test("work of a class with one slot does not run beside its own class", () => {
  const { ask, release } = startProven({ classSlots: { light: 1, heavy: 1, exclusive: 1 } });
  for (const call of ["a", "b", "c"]) ask(call, 0, work);
  expect(optionsOf(release("a"))).toEqual([["b", 0]]);
});

test("the first run of a model, which must be alone, has all threads", () => {
  const { ask, report } = start();
  for (const call of ["a", "b", "c"]) expect(granted(ask(call, 0, work))).toEqual([]);
  expect(optionsOf(report(100))).toEqual([["a", 0]]);
});

test("a host of few threads that is reported first does not take over work of the host of all threads", () => {
  const { ask, report, device } = startProven();
  const before = device().committedBytes;
  ask("a", 0, work);
  report(140, [host("h/1", 40, { models: [model] })]);
  expect(device().committedBytes - before).toBe(100 + 40);
  report(200, [host("h", 60, { models: [model] }), host("h/1", 40, { models: [model] })]);
  expect(device().committedBytes - before).toBe(100 + 40);
});

test.each([
  { pending: 1, evicted: ["h", "h/2"] },
  { pending: 0, evicted: ["h/1", "h/2"] },
])("work that waits for the host of option $pending keeps no other host of its model", ({ pending, evicted }) => {
  const { ask, report, later } = startProven();
  const hosts = evicted.map((hostId) => host(hostId, 300, { models: [model] }));
  report(700, hosts);
  for (let seconds = 0; seconds < 30; seconds += 5) {
    later(5_000);
    report(700, hosts);
  }
  const option = options[pending] as (typeof options)[number];
  expect(granted(ask("a", 0, { ...work, options: [option, ...options.filter((one) => one !== option)] }))).toEqual([
    "a",
  ]);
  const evictions = commands(ask("b", 600)).map(({ command }) => command);
  expect(evictions).toEqual(evicted.map((hostId) => ({ kind: "evictHost", hostId })));
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
