import { expect, test } from "vitest";
import { host } from "../../../test/one-device.ts";
import { defaultRules } from "../rules.ts";
import { createScheduler } from "../scheduler.ts";
import type { DeviceKind } from "../types.ts";

/** A device of 1,000 bytes of which others use 100, with a host of 300, as a reporter tells of it each second. */
function start(kind: DeviceKind) {
  const scheduler = createScheduler({ rules: { ...defaultRules, gpuHeadroomBytes: 0 }, cards: new Map(), term: 1 });
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

test("memory that an ended host does not give back stays in use, and after 10 s is quarantined until it comes", () => {
  const report = start("gpu");
  expect(report(400, [])).toMatchObject({ usedBytes: 400, quarantinedBytes: 0 });
  expect(repeat(8, () => report(390, []))).toMatchObject({ usedBytes: 390, quarantinedBytes: 0 });
  expect(repeat(4, () => report(390, []))).toMatchObject({ usedBytes: 390, externalBytes: 390, quarantinedBytes: 290 });
  // Another host does not hide it, and is not taken for it.
  expect(report(590, [host("g", 200)])).toMatchObject({ usedBytes: 590, quarantinedBytes: 290 });
  expect(report(340, [host("g", 200)])).toMatchObject({ usedBytes: 340, quarantinedBytes: 0 });
});

test("what comes back late, or by four fifths, is no leak", () => {
  const report = start("gpu");
  report(400, [host("h", 0)]);
  report(250, []);
  expect(repeat(20, () => report(155, []))).toMatchObject({ quarantinedBytes: 0 });
});

test("a machine's memory is given back by the kernel: others that grow meanwhile are not taken for a leak", () => {
  const report = start("memory");
  expect(repeat(20, () => report(400, []))).toMatchObject({ usedBytes: 400, quarantinedBytes: 0 });
});
