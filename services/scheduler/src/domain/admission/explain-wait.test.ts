import { expect, test } from "vitest";
import { host, start } from "../../../test/one-device-scheduler.ts";
import { createDevice } from "../devices/device.ts";
import type { DeviceReport } from "../devices/device-report.ts";
import { createMemoryOwner } from "../devices/memory-owners.ts";
import { defaultRules } from "../rules.ts";
import { explainWait } from "./explain-wait.ts";
import type { SlotRequest } from "./slot-request.ts";

// The device has 1,000 bytes, of which light work may use 950.
const queued = (position: number, why: string) => [{ kind: "queued", position, why, deviceId: "d" }];

test("memory of other work, which comes free, is told apart from that of other programs and of pinned models", () => {
  const busy = start();
  busy.report(100);
  busy.ask("a", 700);
  expect(busy.ask("b", 700)).toMatchObject(queued(1, "memory"));

  const crowded = start();
  crowded.report(600);
  expect(crowded.ask("a", 400)).toMatchObject(queued(1, "others"));

  const pinned = start();
  const models = [{ name: "m", digest: "m", provider: "cpu", residentBytes: 500, pinned: true, lastUsedUnixMs: 0 }];
  pinned.report(600, [host("h", 500, { models })]);
  expect(pinned.ask("a", 400)).toMatchObject(queued(1, "pinned"));
});

test("a waiting request is told its place, and a changed reason at once", () => {
  const { report, ask, later } = start({ staleMs: 1e9 });
  const notices = () => later(250).filter(({ kind }) => kind === "queued");
  report(100);
  ask("a", 700);
  expect(ask("b", 700)).toMatchObject(queued(1, "memory"));
  expect(ask("c", 700)).toMatchObject(queued(2, "memory"));
  // Another program takes so much that the requests would not fit without the work of the mesh either.
  report(600);
  expect(notices()).toMatchObject([
    { callId: "b", position: 1, why: "others", deviceId: "d" },
    { callId: "c", position: 2, why: "others", deviceId: "d" },
  ]);
  expect(notices()).toEqual([]);
});

test("heavy work waits for the grants of an earlier leader", () => {
  const { report, ask } = start({ takeoverUntilMs: 20_000 });
  report(100);
  expect(ask("a", 100, { workClass: "heavy" })).toMatchObject(queued(1, "takeover"));
});

test("memory that ended hosts have not given back is named before that of other programs", () => {
  const report: DeviceReport = {
    deviceId: "gpu",
    kind: "gpu",
    name: "card",
    totalBytes: 1000,
    observedBytes: 600,
    computeTokens: 0,
    hosts: [],
    ownProcessBytes: 0,
    processesHidden: false,
  };
  const device = createDevice(report, 0);
  Object.assign(device, { totalBytes: 1000, observedBytes: 600 });
  device.owners.set("p", createMemoryOwner("p", "process", "s/0"));
  const request = { workClass: "light", modelDigest: "", options: [{ peakBytes: 300 }] } as unknown as SlotRequest;
  const context = { profiles: new Map(), rules: { ...defaultRules, gpuHeadroomBytes: 200 }, nowMs: 0 };
  expect(explainWait(request, "memory", device, context)).toBe("others");
  device.leak = { externalBytes: 100, expectedBytes: 500, sinceMs: 0, quarantinedBytes: 500 };
  expect(explainWait(request, "memory", device, context)).toBe("quarantine");
  expect(explainWait(request, "tokens", device, context)).toBe("tokens");
  expect(explainWait(request, "stale", undefined, context)).toBe("stale");
});
