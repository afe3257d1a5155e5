import { AttachDeviceRequest, DeviceKind } from "@pixelmesh/proto";
import { expect, test } from "vitest";
import { createReportPace } from "./report-pace.ts";

const mebibyte = 2 ** 20;

type Changes = {
  observedMiB?: number;
  ownMiB?: number;
  hosts?: { hostId: string }[];
  openSlots?: string[];
  id?: string;
};

/** A device of 2,560 MiB, of which a 256th is 10 MiB. */
function report({ observedMiB = 1_000, ownMiB = 60, hosts = [], openSlots = [], id = "d" }: Changes = {}) {
  const device = {
    deviceId: id,
    kind: DeviceKind.HOST_MEMORY,
    totalBytes: 2_560 * mebibyte,
    observedBytes: observedMiB * mebibyte,
    ownProcessBytes: ownMiB * mebibyte,
    hosts,
  };
  return AttachDeviceRequest.fromPartial({ service: "effects", instance: "0", devices: [device], openSlots });
}

/** Which of the reports, made a second apart, are sent. */
function sentOf(reports: readonly AttachDeviceRequest[]): boolean[] {
  const pace = createReportPace();
  return reports.map((each, second) => pace.isDue(each, second * 1_000));
}

test("a process at rest sends its first report and then one every 2 s", () => {
  expect(sentOf(Array.from({ length: 8 }, () => report()))).toEqual([1, 0, 1, 0, 1, 0, 1, 0].map(Boolean));
});

test("memory that changed by more than 1/256 since the last report sent is reported at once", () => {
  const observed = [1_000, 1_011, 1_002, 991].map((observedMiB) => report({ observedMiB }));
  expect(sentOf(observed)).toEqual([true, true, false, true]);
  expect(sentOf([report(), report({ ownMiB: 71 }), report({ ownMiB: 62 })])).toEqual([true, true, false]);
});

test("a process with a slot or an inference host sends every report, and the first one after them", () => {
  const slot = report({ openSlots: ["s"] });
  expect(sentOf([report(), slot, slot, report(), report()])).toEqual([true, true, true, true, false]);
  const host = report({ hosts: [{ hostId: "h" }] });
  expect(sentOf([report(), host, host, report(), report()])).toEqual([true, true, true, true, false]);
});

test("another device is reported at once", () => {
  expect(sentOf([report(), report({ id: "e" }), report({ id: "e" })])).toEqual([true, true, false]);
});
