import { expect, test } from "vitest";
import { granted, host, measured, start } from "../../test/one-device.ts";

const outOfMemory = { ...measured, outOfMemory: true };

test("after work ran out of memory its card has grown by a quarter, and green is lower until it was quiet for long", () => {
  const { report, ask, release, later } = start();
  report(100);
  expect(granted(ask("a", 200, { modelDigest: "m" }))).toEqual(["a"]);
  release("a", outOfMemory);
  report(100);
  // What was granted was 1.5 times the estimate: 300, and that was too little.
  expect(ask("b", 200, { modelDigest: "m", workClass: "heavy" })).toMatchObject([{ kind: "grant" }]);
  release("b");
  report(100);
  const heavy = { workClass: "heavy" } as const;
  expect(ask("c", 701, heavy)).toMatchObject([{ kind: "queued" }]);
  expect(granted(ask("d", 700, heavy))).toEqual(["d"]);
  release("d");
  later(5 * 60_000);
  expect(granted(report(100))).toEqual(["c"]);
});

test("work that asks to be alone waits for all company to leave, and keeps others out", () => {
  const { report, ask, release } = start();
  report(100);
  expect(granted(ask("a", 10))).toEqual(["a"]);
  expect(ask("b", 10, { alone: true })).toMatchObject([{ kind: "queued", why: "company" }]);
  expect(granted(release("a"))).toEqual(["b"]);
  expect(ask("c", 10)).toMatchObject([{ kind: "queued", why: "company" }]);
  expect(granted(release("b"))).toEqual(["c"]);
});

test("work that is under way is not passed to a warm peer", () => {
  const { report, ask, release } = start();
  const model = { name: "m", digest: "m", provider: "cpu", residentBytes: 300, pinned: false, lastUsedUnixMs: 0 };
  report(400, [], "s/0");
  report(400, [host("warm", 300, { models: [model] })], "s/1");
  const request = { modelDigest: "m", hostId: "cold" };
  expect(ask("a", 100, { ...request, underWay: true })).not.toMatchObject([{ kind: "pass" }]);
  release("a");
  report(400, [], "s/0");
  expect(ask("b", 100, { ...request, jobId: "other" })).toMatchObject([{ kind: "pass", instance: "1" }]);
});
