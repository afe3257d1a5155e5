import { expect, test } from "vitest";
import { host } from "../../../test/one-device-scheduler.ts";
import { defaultRules } from "../rules.ts";
import { createScheduler } from "../scheduler.ts";
import type { DeviceKind } from "./device-report.ts";

/** Starts with a device of 1,000 bytes: 100 external, 300 of one host. Returns a function that reports it one second later. */
function start(kind: DeviceKind) {
  const scheduler = createScheduler({ rules: { ...defaultRules, gpuHeadroomBytes: 0 }, profiles: new Map(), term: 1 });
  let nowMs = 0;
  const report = (observedBytes: number, hosts: ReturnType<typeof host>[]) => {
    nowMs += 1_000;
    const device = { deviceId: "d", kind, name: "d", totalBytes: 1_000, observedBytes, computeTokens: 4 };
    scheduler.report("s/0", [{ ...device, hosts, ownProcessBytes: 0, processesHidden: false }], new Set(), nowMs);
    return scheduler.snapshot(nowMs).devices[0]!;
  };
  report(400, [host("h", 300)]);
  return report;
}
const repeat = <T>(times: number, act: () => T) => Array.from({ length: times }, act).at(-1)!;

test("memory that an ended host does not give back stays used, and is quarantined after 10 s until it is given back", () => {
  const report = start("gpu");
  expect(report(400, [])).toMatchObject({ usedBytes: 400, quarantinedBytes: 0 });
  expect(repeat(8, () => report(390, []))).toMatchObject({ usedBytes: 390, quarantinedBytes: 0 });
  expect(repeat(4, () => report(390, []))).toMatchObject({ usedBytes: 390, externalBytes: 390, quarantinedBytes: 290 });
  // The memory of another host is not mistaken for it.
  expect(report(590, [host("g", 200)])).toMatchObject({ usedBytes: 590, quarantinedBytes: 290 });
  expect(report(340, [host("g", 200)])).toMatchObject({ usedBytes: 340, quarantinedBytes: 0 });
});

test("memory that is given back late, or by four fifths, is no leak", () => {
  const report = start("gpu");
  report(400, [host("h", 0)]);
  report(250, []);
  expect(repeat(20, () => report(155, []))).toMatchObject({ quarantinedBytes: 0 });
});

test("external growth of a machine's memory after a host ended is no leak", () => {
  const report = start("memory");
  expect(repeat(20, () => report(400, []))).toMatchObject({ usedBytes: 400, quarantinedBytes: 0 });
});
