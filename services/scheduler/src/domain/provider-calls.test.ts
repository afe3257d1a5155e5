import { expect, test } from "vitest";
import { ended, granted } from "../../test/one-device-scheduler.ts";
import { startProvider } from "../../test/one-provider-scheduler.ts";
import type { SchedulerEffect } from "./effects.ts";

const whyOf = (effects: SchedulerEffect[]) => effects.flatMap((one) => (one.kind === "queued" ? [one.why] : []));

test("calls are granted up to the limit of each class, and the classes are counted apart", () => {
  const { report, ask, release, view } = startProvider();
  report();
  for (let n = 0; n < 8; n += 1) expect(granted(ask(`light${n}`))).toEqual([`light${n}`]);
  for (let n = 0; n < 4; n += 1) expect(granted(ask(`heavy${n}`, { workClass: "heavy" }))).toEqual([`heavy${n}`]);
  for (let n = 0; n < 2; n += 1) expect(granted(ask(`own${n}`, { workClass: "exclusive" }))).toEqual([`own${n}`]);
  expect(whyOf(ask("light8"))).toEqual(["class"]);
  expect(whyOf(ask("heavy4", { workClass: "heavy" }))).toEqual(["class"]);
  expect(granted(release("light3"))).toEqual(["light8"]);
  const [device] = view().devices;
  expect(device).toMatchObject({
    kind: "provider",
    usedBytes: 0,
    zone: "green",
    provider: { calls: { light: 8, heavy: 4, exclusive: 2, models: { m: 14 } }, closedForMs: 0 },
  });
});

test("a model and a tenant have limits of their own, `*` stands for every other tenant, and others pass those that wait", () => {
  const { report, ask } = startProvider();
  report({ models: { m: 2 }, tenants: { a: 1, "*": 3 } });
  expect(granted(ask("1", { tenant: "a" }))).toEqual(["1"]);
  expect(whyOf(ask("2", { tenant: "a" }))).toEqual(["tenant_calls"]);
  expect(granted(ask("3", { tenant: "b" }))).toEqual(["3"]);
  expect(whyOf(ask("4", { tenant: "b" }))).toEqual(["model_calls"]);
  expect(granted(ask("5", { tenant: "b", model: "other" }))).toEqual(["5"]);
  expect(granted(ask("6", { tenant: "b", model: "other" }))).toEqual(["6"]);
  expect(whyOf(ask("7", { tenant: "b", model: "other" }))).toEqual(["tenant_calls"]);
  expect(granted(ask("8", { tenant: "constructor", model: "toString" }))).toEqual(["8"]);
});

test("a class, a model and a tenant without calls are refused at once", () => {
  const { report, ask } = startProvider();
  report({ exclusive: 0, models: { off: 0 }, tenants: { guest: 0 } });
  expect(ended(ask("1", { workClass: "exclusive" }))).toEqual([["1", "NO_DEVICE_FITS"]]);
  expect(ended(ask("2", { model: "off" }))).toEqual([["2", "NO_DEVICE_FITS"]]);
  expect(ended(ask("3", { tenant: "guest" }))).toEqual([["3", "NO_DEVICE_FITS"]]);
  expect(granted(ask("4"))).toEqual(["4"]);
});

test("a closed provider gets no calls until its time, and the longest closing of all reporters counts", () => {
  const { report, ask, later, view } = startProvider();
  report({}, { closedForMs: 2_000, closedWhy: "rate limit" });
  report({}, { reporter: "remote/1", closedForMs: 5_000, closedWhy: "quota" });
  expect(whyOf(ask("1"))).toEqual(["provider_closed"]);
  expect(view().devices[0]?.provider).toMatchObject({ closedForMs: 5_000, closedWhy: "quota" });
  expect(granted(later(3_000))).toEqual([]);
  expect(granted(later(2_000))).toEqual(["1"]);
});

test("a closing outlasts its reporter, ends when the reporter says so, and reports of others do not end it", () => {
  const { scheduler, clock, report, ask, later } = startProvider();
  report({}, { reporter: "remote/1" });
  report({}, { closedForMs: 5_000 });
  scheduler.detach("remote/0", clock.nowMs);
  report({}, { reporter: "remote/1" });
  expect(whyOf(ask("1"))).toEqual(["provider_closed"]);
  expect(granted(later(5_000))).toEqual(["1"]);
  report({}, { reporter: "remote/1", closedForMs: 60_000 });
  expect(whyOf(ask("2"))).toEqual(["provider_closed"]);
  expect(granted(report({}, { reporter: "remote/1" }))).toEqual(["2"]);
});

test("a provider that is tried again gets one call at a time", () => {
  const { report, ask, release } = startProvider();
  report({}, { isProbing: true });
  expect(granted(ask("1"))).toEqual(["1"]);
  expect(whyOf(ask("2", { workClass: "heavy" }))).toEqual(["provider_closed"]);
  expect(granted(release("1"))).toEqual(["2"]);
});

test("several reporters have the lowest of their limits together", () => {
  const { report, ask, view } = startProvider();
  report({ light: 5, tenants: { "*": 4 } });
  report({ light: 3, tenants: { a: 9 } }, { reporter: "remote/1" });
  expect(view().devices[0]?.provider?.limits).toMatchObject({ light: 3, tenants: { a: 4, "*": 4 } });
  for (const callId of ["1", "2", "3"]) expect(granted(ask(callId))).toEqual([callId]);
  expect(whyOf(ask("4"))).toEqual(["class"]);
});

test("without a fresh report nothing is granted, and a provider that is gone is forgotten", () => {
  const { scheduler, clock, report, ask, later, view } = startProvider();
  report();
  scheduler.detach("remote/0", clock.nowMs);
  expect(whyOf(ask("1"))).toEqual(["stale"]);
  later(61_000);
  expect(view().devices).toEqual([]);
});

test("after a change of the leader, calls that are announced again go on, and new ones wait for those of the earlier leader", () => {
  const { clock, report, ask, later } = startProvider({ takeoverUntilMs: 10_000 }, 8);
  report({ heavy: 2 });
  const resume = (counter: number) => ({ workClass: "heavy", resume: { term: 7, counter } }) as const;
  expect(whyOf(ask("new", { workClass: "heavy" }))).toEqual(["takeover"]);
  expect(granted(ask("1", resume(1)))).toEqual(["1"]);
  clock.nowMs = 4_000;
  report({ heavy: 2 });
  expect(granted(ask("2", resume(2)))).toEqual(["2"]);
  expect(granted(later(6_000))).toEqual([]);
  report({ heavy: 3 });
  expect(granted(later(250))).toEqual([]);
  expect(granted(ask("3", { workClass: "light" }))).toEqual(["3"]);
});

test("a slot whose call broke ends when its holder no longer reports it", () => {
  const { scheduler, clock, open, report, ask, view } = startProvider();
  report({ light: 1 });
  ask("1");
  const [slot] = view().slots;
  open.add(slot!.slotId);
  scheduler.disconnect("1", clock.nowMs);
  report({ light: 1 });
  expect(view().slots).toHaveLength(1);
  open.clear();
  report({ light: 1 });
  expect(view().slots).toEqual([]);
  expect(granted(ask("2"))).toEqual(["2"]);
});

test("a request that waits for a provider reserves no device and keeps none from others", () => {
  const { clock, report, ask } = startProvider();
  report({ heavy: 1 });
  ask("1", { workClass: "heavy" });
  ask("2", { workClass: "heavy" });
  clock.nowMs = 5_500;
  report({ heavy: 1 });
  expect(granted(ask("3"))).toEqual(["3"]);
});
