import { expect, test } from "vitest";
import { granted, host, start } from "../../test/one-device-scheduler.ts";

const before = { resume: { term: 6, counter: 1 } };

test("a new leader starts in amber and grants no new memory until earlier grants have expired", () => {
  const { report, ask, later, device } = start({ takeoverUntilMs: 20_000, staleMs: 1e9 });
  report(100, [host("h", 50)]);
  expect(device().zone).toBe("amber");
  expect(ask("new", 10)).toMatchObject([{ kind: "queued", why: "takeover" }]);
  expect(granted(later(19_999))).toEqual([]);
  expect(granted(later(1))).toEqual(["new"]);
  report(100, [host("h", 50)]);
  expect(device().zone).toBe("green");
});

test("until then it grants work that needs no more memory than its warm host holds", () => {
  const profiles = new Map([["m/cpu/host/512/1", { runs: 9, peakBytes: 50, runMs: 1 }]]);
  const { report, ask } = start({ takeoverUntilMs: 20_000 }, profiles);
  report(100, [host("h", 50)]);
  expect(granted(ask("warm", 50, { modelDigest: "m", hostId: "h" }))).toEqual(["warm"]);
});

test("work that is announced again continues, within the cores and slots of the device", () => {
  const { report, ask } = start({ takeoverUntilMs: 20_000 });
  report(700);
  expect(granted(ask("a", 100, { ...before, tokens: 3 }))).toEqual(["a"]);
  expect(ask("b", 100, { resume: { term: 6, counter: 2 }, tokens: 2 })).toMatchObject([{ kind: "queued" }]);
  expect(granted(ask("c", 100, { resume: { term: 6, counter: 3 }, tokens: 1 }))).toEqual(["c"]);
});

test("a slot that is announced again while its old call still looks open moves to the new call", () => {
  const { report, ask, scheduler } = start();
  report(100);
  ask("a", 100);
  expect(ask("b", 100, { resume: { term: 7, counter: 1 } })).toMatchObject([
    { kind: "end", callId: "a", error: { reason: "SERVICE_UNAVAILABLE" } },
    { kind: "grant", callId: "b", slotId: "7.1" },
  ]);
  scheduler.disconnect("a", 0);
  expect(scheduler.snapshot(0).slots).toMatchObject([{ callId: "b", broken: false }]);
});
