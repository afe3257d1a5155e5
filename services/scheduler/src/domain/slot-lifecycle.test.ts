import { expect, test } from "vitest";
import { commands, ended, granted, host, measured, start } from "../../test/one-device-scheduler.ts";
import type { SchedulerEffect } from "./effects.ts";

test("a grant that is not renewed expires, and its call ends", () => {
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
  const { open, report, ask, later, scheduler, clock } = start({ staleMs: 1e9 });
  report(100);
  ask("a", 700);
  open.add("7.1");
  scheduler.disconnect("a", clock.nowMs);
  expect(ask("b", 700, { instance: "1" })).toMatchObject([{ why: "memory", deviceId: "d" }]);
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

test("a broken call ends early when its holder no longer reports the slot as open, and its host is idle", () => {
  const { open, report, ask, scheduler, clock } = start();
  const slots = () => scheduler.snapshot(clock.nowMs).slots.length;
  report(100, [host("h", 50)]);
  ask("a", 10, { modelDigest: "m", hostId: "h" });
  open.add("7.1");
  scheduler.disconnect("a", clock.nowMs);
  // The host is idle because the holder still reads pictures.
  report(100, [host("h", 50)]);
  expect(slots()).toBe(1);
  open.clear();
  report(100, [host("h", 50, { busy: true })]);
  expect(slots()).toBe(1);
  report(100, [host("h", 50)]);
  expect(slots()).toBe(0);
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

test("work granted by an earlier leader continues in every zone", () => {
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

test("callers get a notice when their position or wait reason changes", () => {
  const { report, ask, later, scheduler, clock } = start();
  report(940);
  ask("a", 100);
  expect(ask("b", 100)).toEqual([{ kind: "queued", callId: "b", position: 2, why: "others", deviceId: "d" }]);
  expect(later(100)).toEqual([expect.objectContaining({ kind: "command" })]);
  scheduler.disconnect("a", clock.nowMs);
  // A changed position alone is sent once a second.
  expect(later(100)).toEqual([]);
  expect(later(900)).toEqual([{ kind: "queued", callId: "b", position: 1, why: "others", deviceId: "d" }]);
});

test("idle hosts are evicted for a request that needs their memory: least recently used first, never pinned ones", () => {
  const { report, ask, later } = start({ minHostAgeMs: 1_000 });
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

test("a machine above the clean-up bound gets clean-up commands, at most every 5 s", () => {
  const { report, later } = start({ minHostAgeMs: 0 });
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
  const revoked = (effects: SchedulerEffect[]) => effects.flatMap((one) => (one.kind === "revoke" ? [one.callId] : []));
  expect(revoked(later(1_900))).toEqual([]);
  expect(revoked(later(100))).toEqual(["batch"]);
  expect(revoked(later(5_000))).toEqual([]);
  release("batch");
  expect(revoked(later(100))).toEqual(["interactive"]);
});

test("a device is reserved for a request that has waited long, unless the request does not fit even when the device is drained", () => {
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

test("a device without reporters and slots is removed after 60 s", () => {
  const { report, later, scheduler, clock } = start();
  report(100);
  scheduler.detach("s/0", clock.nowMs);
  later(60_000);
  expect(scheduler.snapshot(clock.nowMs).devices).toHaveLength(1);
  later(1);
  expect(scheduler.snapshot(clock.nowMs).devices).toHaveLength(0);
});
