import { expect, test } from "vitest";
import { ended, granted, host, start } from "../../test/one-device-scheduler.ts";

test("a request gets its preferred option while it fits, then the largest option that fits", () => {
  const { report, ask } = start();
  report(100);
  expect(ask("a", [500, 200])).toEqual([
    {
      kind: "grant",
      callId: "a",
      slotId: "7.1",
      deviceId: "d",
      optionIndex: 0,
      epoch: { term: 7, counter: 1 },
      validMs: 10_000,
    },
  ]);
  expect(ask("b", [500, 200])).toMatchObject([{ kind: "grant", optionIndex: 1 }]);
  expect(ask("c", [500, 200])).toEqual([{ kind: "queued", callId: "c", position: 1, why: "memory", deviceId: "d" }]);
});

test("before any report a request waits, then it is granted", () => {
  const { report, ask } = start();
  expect(ask("a", 10)).toMatchObject([{ kind: "queued", why: "stale" }]);
  expect(granted(report(100))).toEqual(["a"]);
});

test("a device without a fresh report gets no new work, and memory of stale reporters stays charged", () => {
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

test("work that fits no device even when empty is refused at once, unless one of its devices is unknown", () => {
  const { report, ask } = start();
  report(100);
  expect(ended(ask("a", [2000, 951]))).toEqual([["a", "NO_DEVICE_FITS"]]);
  expect(ended(ask("b", [2000, 851], { workClass: "heavy" }))).toEqual([["b", "NO_DEVICE_FITS"]]);
  expect(ask("c", 2000, { deviceIds: ["d", "unknown"] })).toMatchObject([{ kind: "queued" }]);
});

test("compute tokens are never oversubscribed, and work that wants more than the device has takes all of them", () => {
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

test("work on a host that is large enough adds no charge, and model weights are counted once", () => {
  const { report, ask, device } = start();
  report(700, [host("h", 600)]);
  const model = { modelDigest: "m", hostId: "h" };
  expect(granted(ask("a", 400, model))).toEqual(["a"]);
  expect(device()).toMatchObject({ externalBytes: 100, committedBytes: 600, usedBytes: 700 });
});

test("a model's first run is charged 1.5 times its estimate and runs alone; after it the model is proven", () => {
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

test("an out-of-memory failure makes the next prediction larger", () => {
  const { report, ask, release, device } = start();
  report(0, [host("h", 10)]);
  const model = { modelDigest: "m", hostId: "h" };
  ask("a", 200, model);
  release("a", { peakBytes: 0, runMs: 5, outOfMemory: true });
  report(0, [host("h", 10)]);
  ask("b", 200, model);
  expect(device()).toMatchObject({ committedBytes: 375 });
});

test("memory counts as free only after a report shows it", () => {
  const { report, ask, release, device } = start();
  report(100, [host("h", 50)]);
  ask("a", 500, { modelDigest: "m", hostId: "h" });
  release("a");
  expect(device()).toMatchObject({ committedBytes: 750 });
  report(200, [host("h", 150)]);
  expect(device()).toMatchObject({ committedBytes: 150, externalBytes: 50 });
});

test("a service's own process is charged each slot in addition to its idle use", () => {
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

test("a reported host takes over the charge of its pending host", () => {
  const { report, ask, device } = start();
  report(100);
  ask("a", 200, { modelDigest: "m" });
  report(150, [host("new", 50, { busy: true })]);
  expect(device()).toMatchObject({ externalBytes: 100, committedBytes: 350 });
  const models = [{ name: "m", digest: "m", provider: "cpu", residentBytes: 50, pinned: false, lastUsedUnixMs: 0 }];
  report(200, [host("new", 100, { busy: true, models })]);
  expect(device()).toMatchObject({ externalBytes: 100, committedBytes: 300, usedBytes: 400 });
});
