import { expect, test } from "vitest";
import { defaultRules, type Rules } from "./rules.ts";
import { createScheduler } from "./scheduler.ts";
import type { DeviceReport, Effect, SlotRequest } from "./types.ts";

const measured = { peakBytes: 0, runMs: 0, outOfMemory: false };

/** One memory device of 1,000 bytes with 4 cores: green up to 850, amber up to 950. */
function start(changes: Partial<Rules> = {}, cards = new Map()) {
  const scheduler = createScheduler({ rules: { ...defaultRules, ...changes }, cards, term: 7 });
  const clock = { nowMs: 0 };
  const report = (observedBytes: number, hosts: DeviceReport["hosts"] = [], reporter = "s/0", ownProcessBytes = 0) =>
    scheduler.report(
      reporter,
      [
        {
          ...{ deviceId: "d", kind: "memory", name: "host", totalBytes: 1000, observedBytes, computeTokens: 4 },
          ...{ hosts, ownProcessBytes },
        },
      ],
      clock.nowMs,
    );
  const ask = (callId: string, peakBytes: number | number[], more: Partial<SlotRequest> & { tokens?: number } = {}) => {
    const { tokens = 0, ...rest } = more;
    const options = [peakBytes]
      .flat()
      .map((peak, n) => ({ tilePx: 512 >> n, batch: 1, peakBytes: peak, computeTokens: tokens }));
    return scheduler.request(
      callId,
      {
        ...{ service: "s", instance: "0", deviceIds: ["d"], jobId: "j", stepId: "s", tenant: "t", workClass: "light" },
        ...{ priority: "interactive", deadlineMs: Number.POSITIVE_INFINITY, modelDigest: "", hostId: "" },
        ...{ resume: undefined, options, ...rest },
      } as SlotRequest,
      clock.nowMs,
    );
  };
  const release = (callId: string, measurement = measured) => scheduler.release(callId, measurement, clock.nowMs);
  const later = (ms: number) => {
    clock.nowMs += ms;
    return scheduler.tick(clock.nowMs);
  };
  const device = () => scheduler.snapshot(clock.nowMs).devices[0]!;
  return { scheduler, clock, report, ask, release, later, device };
}

const host = (hostId: string, usedBytes: number, more: Partial<DeviceReport["hosts"][number]> = {}) => ({
  ...{ hostId, usedBytes, busy: false, models: [] },
  ...more,
});
const granted = (effects: Effect[]) => effects.flatMap((one) => (one.kind === "grant" ? [one.callId] : []));
const ended = (effects: Effect[]) =>
  effects.flatMap((one) => (one.kind === "end" ? [[one.callId, one.error.reason]] : []));
const commands = (effects: Effect[]) => effects.flatMap((one) => (one.kind === "command" ? [one] : []));

test("a request is granted its preferred option while that fits, and the largest that fits after that", () => {
  const { report, ask } = start();
  report(100);
  expect(ask("a", [500, 200])).toEqual([
    {
      ...{ kind: "grant", callId: "a", slotId: "7.1", deviceId: "d", optionIndex: 0 },
      ...{ epoch: { term: 7, counter: 1 }, validMs: 10_000 },
    },
  ]);
  expect(ask("b", [500, 200])).toMatchObject([{ kind: "grant", optionIndex: 1 }]);
  expect(ask("c", [500, 200])).toEqual([{ kind: "queued", callId: "c", position: 1, why: "memory" }]);
});

test("before any report a request waits, then it is granted", () => {
  const { report, ask } = start();
  expect(ask("a", 10)).toMatchObject([{ kind: "queued", why: "stale" }]);
  expect(granted(report(100))).toEqual(["a"]);
});

test("a device without a fresh report takes no new work, and memory of the silent is not forgotten", () => {
  const { report, ask, later, device } = start();
  report(400, [host("h", 300)]);
  report(400, [], "s/1");
  later(4_000);
  report(400, [], "s/1");
  later(2_500);
  expect(device()).toMatchObject({ isFresh: true, externalBytes: 400, committedBytes: 300 });
  report(400, [], "s/1");
  expect(device()).toMatchObject({ externalBytes: 400, committedBytes: 0 });
  later(6_500);
  expect(ask("a", 10)).toMatchObject([{ kind: "queued", why: "stale" }]);
});

test("work that fits no known device even when empty is refused at once; an unknown device may still come", () => {
  const { report, ask } = start();
  report(100);
  expect(ended(ask("a", [2000, 951]))).toEqual([["a", "NO_DEVICE_FITS"]]);
  expect(ended(ask("b", [2000, 851], { workClass: "heavy" }))).toEqual([["b", "NO_DEVICE_FITS"]]);
  expect(ask("c", 2000, { deviceIds: ["d", "unknown"] })).toMatchObject([{ kind: "queued" }]);
});

test("compute tokens are never oversubscribed, and work that wants more than there are takes them all", () => {
  const { report, ask, release } = start();
  report(100);
  expect(granted(ask("a", 1, { tokens: 3 }))).toEqual(["a"]);
  expect(ask("b", 1, { tokens: 99 })).toMatchObject([{ kind: "queued", why: "tokens" }]);
  expect(granted(ask("c", 1, { tokens: 1 }))).toEqual(["c"]);
  expect(granted(release("a"))).toEqual([]);
  expect(granted(release("c"))).toEqual(["b"]);
});

test("classes are limited, and exclusive work never runs beside another class", () => {
  const { report, ask, release } = start();
  report(0);
  for (let n = 0; n < 4; n += 1) expect(granted(ask(`h${n}`, 1, { workClass: "heavy" }))).toHaveLength(1);
  expect(ask("h4", 1, { workClass: "heavy" })).toMatchObject([{ why: "class" }]);
  expect(granted(ask("l", 1))).toEqual(["l"]);
  expect(ask("x", 1, { workClass: "exclusive" })).toMatchObject([{ why: "company" }]);
  expect(granted(release("h0"))).toEqual(["h4"]);
  for (const callId of ["h1", "h2", "h3", "h4"]) expect(granted(release(callId))).toEqual([]);
  expect(granted(release("l"))).toEqual(["x"]);
});

test("a host that is large enough costs nothing more, and its weights are counted once", () => {
  const { report, ask, device } = start();
  report(700, [host("h", 600)]);
  const cards = { modelDigest: "m", hostId: "h" };
  expect(granted(ask("a", 400, cards))).toEqual(["a"]);
  expect(device()).toMatchObject({ externalBytes: 100, committedBytes: 600, usedBytes: 700 });
});

test("a model's first run is charged half as much again and runs alone; once done it is proven", () => {
  const { report, ask, release, device, scheduler } = start();
  report(100);
  const model = { modelDigest: "m", hostId: "" };
  expect(granted(ask("a", 200, model))).toEqual(["a"]);
  expect(device()).toMatchObject({ committedBytes: 300 });
  expect(ask("b", 200, model)).toMatchObject([{ why: "company" }]);
  expect(granted(ask("c", 1))).toEqual([]);
  expect(granted(release("a", { peakBytes: 250, runMs: 5, outOfMemory: false }))).toEqual(["b", "c"]);
  expect(scheduler.snapshot(0).slots.map(({ callId }) => callId)).toEqual(["b", "c"]);
});

test("running out of memory makes the next prediction larger", () => {
  const { report, ask, release, device } = start();
  report(0, [host("h", 10)]);
  const model = { modelDigest: "m", hostId: "h" };
  ask("a", 200, model);
  release("a", { peakBytes: 0, runMs: 5, outOfMemory: true });
  report(0, [host("h", 10)]);
  ask("b", 200, model);
  expect(device()).toMatchObject({ committedBytes: 375 });
});

test("memory is free only once the device shows it", () => {
  const { report, ask, release, device } = start();
  report(100, [host("h", 50)]);
  ask("a", 500, { modelDigest: "m", hostId: "h" });
  release("a");
  expect(device()).toMatchObject({ committedBytes: 750 });
  report(200, [host("h", 150)]);
  expect(device()).toMatchObject({ committedBytes: 150, externalBytes: 50 });
});

test("a service's own process is charged every slot on top of what it uses while idle", () => {
  const { report, ask, device, release } = start();
  report(180, [], "s/0", 80);
  ask("a", 100);
  ask("b", 100);
  expect(device()).toMatchObject({ externalBytes: 100, committedBytes: 280, usedBytes: 380 });
  report(380, [], "s/0", 280);
  expect(device()).toMatchObject({ externalBytes: 100, committedBytes: 280, usedBytes: 380 });
  release("a");
  release("b");
  report(180, [], "s/0", 80);
  expect(device()).toMatchObject({ committedBytes: 80, usedBytes: 180 });
});

test("the host that a granted start brings up takes over the start's charge", () => {
  const { report, ask, device } = start();
  report(100);
  ask("a", 200, { modelDigest: "m" });
  report(150, [host("new", 50, { busy: true })]);
  expect(device()).toMatchObject({ externalBytes: 100, committedBytes: 350 });
  const models = [{ name: "m", digest: "m", provider: "cpu", residentBytes: 50, pinned: false, lastUsedUnixMs: 0 }];
  report(200, [host("new", 100, { busy: true, models })]);
  expect(device()).toMatchObject({ externalBytes: 100, committedBytes: 300, usedBytes: 400 });
});

test("a grant that is not renewed expires, and its call is told", () => {
  const { report, ask, later, scheduler, clock } = start();
  report(100);
  ask("a", 10);
  later(9_000);
  expect(scheduler.renew("a", clock.nowMs)).toMatchObject([{ kind: "grant", slotId: "7.1", validMs: 10_000 }]);
  expect(ended(later(11_900))).toEqual([]);
  expect(ended(later(100))).toEqual([["a", "GRANT_EXPIRED"]]);
  expect(scheduler.renew("a", clock.nowMs)).toEqual([]);
});

test("a broken call stays charged until its grant has expired", () => {
  const { report, ask, later, scheduler, clock } = start({ staleMs: 1e9 });
  report(100);
  ask("a", 700);
  scheduler.disconnect("a", clock.nowMs);
  expect(ask("b", 700, { instance: "1" })).toMatchObject([{ why: "memory" }]);
  report(100);
  expect(granted(later(11_900))).toEqual([]);
  report(100);
  expect(granted(later(100))).toEqual([]);
  expect(granted(report(100))).toEqual(["b"]);
});

test("a broken call ends early when its host is reported idle or gone", () => {
  for (const hosts of [[host("h", 50)], []]) {
    const { report, ask, scheduler, clock } = start();
    report(100, [host("h", 50)]);
    ask("a", 10, { modelDigest: "m", hostId: "h" });
    scheduler.disconnect("a", clock.nowMs);
    report(100, [host("h", 50, { busy: true })]);
    expect(scheduler.snapshot(0).slots).toHaveLength(1);
    report(100, hosts);
    expect(scheduler.snapshot(0).slots).toHaveLength(0);
  }
});

test("a slot that is announced again after a broken call is the same slot", () => {
  const { report, ask, scheduler, clock } = start();
  report(100);
  ask("a", 700);
  scheduler.disconnect("a", clock.nowMs);
  expect(ask("b", 700, { resume: { term: 7, counter: 1 } })).toMatchObject([
    { kind: "grant", callId: "b", slotId: "7.1" },
  ]);
  expect(scheduler.snapshot(0).slots).toHaveLength(1);
  scheduler.release("b", measured, clock.nowMs);
  expect(scheduler.snapshot(0).slots).toHaveLength(0);
});

test("work that ran under an earlier scheduler goes on, whatever the zone", () => {
  const { report, ask } = start();
  report(980);
  expect(ask("a", 100, { resume: { term: 6, counter: 9 } })).toMatchObject([
    { kind: "grant", epoch: { term: 7, counter: 1 } },
  ]);
  expect(ask("b", 100, { resume: { term: 7, counter: 9 } })).toMatchObject([{ kind: "queued" }]);
});

test("a waiting request is refused at its deadline, or after the longest wait", () => {
  const { report, ask, later } = start({ maxWaitMs: 5_000, staleMs: 1e9 });
  report(940);
  ask("a", 100, { deadlineMs: 1_000 });
  ask("b", 100);
  expect(ended(later(1_000))).toEqual([["a", "DEADLINE_EXCEEDED"]]);
  expect(ended(later(4_000))).toEqual([["b", "DEADLINE_EXCEEDED"]]);
});

test("callers are told when their place or what they wait for changes", () => {
  const { report, ask, later, scheduler, clock } = start();
  report(940);
  ask("a", 100);
  expect(ask("b", 100)).toEqual([{ kind: "queued", callId: "b", position: 2, why: "memory" }]);
  expect(later(100)).toEqual([expect.objectContaining({ kind: "command" })]);
  scheduler.disconnect("a", clock.nowMs);
  report(960);
  expect(later(100)).toEqual([{ kind: "queued", callId: "b", position: 1, why: "zone" }]);
});

test("idle hosts are ended for a request that needs their memory: the least recently used first, never pinned ones", () => {
  const { report, ask, later } = start({ minResidentMs: 1_000 });
  const pinned = {
    models: [{ name: "m", digest: "p", provider: "cpu", residentBytes: 1, pinned: true, lastUsedUnixMs: 0 }],
  };
  const hosts = [host("pinned", 100, pinned), host("old", 200), host("used", 200, { busy: true }), host("young", 200)];
  report(700, hosts.slice(0, 3));
  later(2_000);
  report(700, [hosts[0]!, hosts[1]!, host("used", 200), host("young", 0)]);
  later(500);
  report(750, [hosts[0]!, hosts[1]!, host("used", 200), host("young", 200)]);
  const effects = ask("a", 300, { workClass: "heavy", modelDigest: "m" });
  expect(commands(effects)).toMatchObject([
    { reporterId: "s/0", command: { kind: "evictHost", hostId: "old" } },
    { command: { kind: "evictHost", hostId: "used" } },
  ]);
  expect(commands(later(100))).toEqual([]);
  expect(granted(report(350, [hosts[0]!, host("young", 200)]))).toEqual(["a"]);
});

test("a machine above the clean-up bound is asked for idle memory, at most every 5 s", () => {
  const { report, later } = start({ minResidentMs: 0 });
  report(820, [host("h", 100)]);
  expect(commands(later(10))).toMatchObject([
    { command: { kind: "evictHost", hostId: "h" } },
    { command: { kind: "cleanUp", wantedBytes: 20 } },
  ]);
  report(820, []);
  expect(commands(later(4_000))).toEqual([]);
  report(820, []);
  expect(commands(later(1_000))).toMatchObject([{ command: { kind: "cleanUp", wantedBytes: 20 } }]);
});

test("a device red for 2 s has its least important slot revoked, one at a time", () => {
  const { report, ask, later, release } = start({ staleMs: 1e9 });
  report(100);
  ask("interactive", 10);
  ask("batch", 10, { priority: "batch" });
  report(960);
  const revoked = (effects: Effect[]) => effects.flatMap((one) => (one.kind === "revoke" ? [one.callId] : []));
  expect(revoked(later(1_900))).toEqual([]);
  expect(revoked(later(100))).toEqual(["batch"]);
  expect(revoked(later(5_000))).toEqual([]);
  release("batch");
  expect(revoked(later(100))).toEqual(["interactive"]);
});

test("a request that waited long gets the device emptied for it, while one it cannot help is passed by", () => {
  const { report, ask, later, release } = start({ staleMs: 1e9 });
  report(100);
  ask("a", 300);
  ask("big", 700, { workClass: "heavy" });
  expect(granted(ask("b", 300))).toEqual(["b"]);
  later(5_000);
  expect(ask("c", 10)).toMatchObject([{ kind: "queued", why: "reservation" }]);
  expect(granted(release("a"))).toEqual([]);
  expect(granted(release("b"))).toEqual(["big", "c"]);

  const foreign = start({ staleMs: 1e9 });
  foreign.report(500);
  foreign.ask("big", 700, { workClass: "heavy" });
  foreign.later(5_000);
  expect(granted(foreign.ask("c", 10))).toEqual(["c"]);
});

test("a device that nobody reports any more is forgotten", () => {
  const { report, later, scheduler, clock } = start();
  report(100);
  scheduler.detach("s/0", clock.nowMs);
  later(60_000);
  expect(scheduler.snapshot(clock.nowMs).devices).toHaveLength(1);
  later(1);
  expect(scheduler.snapshot(clock.nowMs).devices).toHaveLength(0);
});
