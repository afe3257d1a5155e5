import { expect, test } from "vitest";
import { granted, host, measured, start } from "../../test/one-device-scheduler.ts";

const outOfMemory = { ...measured, outOfMemory: true };

test("an out-of-memory failure grows the memory profile by a quarter and lowers green until the backoff has ended", () => {
  const { report, ask, release, later } = start();
  report(100);
  expect(granted(ask("a", 200, { modelDigest: "m" }))).toEqual(["a"]);
  release("a", outOfMemory);
  report(100);
  // 300 bytes, 1.5 times the estimate, were granted and were not enough.
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

test("work that must run alone waits for all other work to end, and other work waits for it", () => {
  const { report, ask, release } = start();
  report(100);
  expect(granted(ask("a", 10))).toEqual(["a"]);
  expect(ask("b", 10, { alone: true })).toMatchObject([{ kind: "queued", why: "company" }]);
  expect(granted(release("a"))).toEqual(["b"]);
  expect(ask("c", 10)).toMatchObject([{ kind: "queued", why: "company" }]);
  expect(granted(release("b"))).toEqual(["c"]);
});

test("work that is under way is not redirected to a warm peer", () => {
  const { report, ask, release } = start();
  const model = { name: "m", digest: "m", provider: "cpu", residentBytes: 300, pinned: false, lastUsedUnixMs: 0 };
  report(400, [], "s/0");
  report(400, [host("warm", 300, { models: [model] })], "s/1");
  const request = { modelDigest: "m", hostId: "cold" };
  expect(ask("a", 100, { ...request, underWay: true })).not.toMatchObject([{ kind: "redirect" }]);
  release("a");
  report(400, [], "s/0");
  expect(ask("b", 100, { ...request, jobId: "other" })).toMatchObject([{ kind: "redirect", instance: "1" }]);
});
