import { DeviceStatus, QueueStatus, Zone } from "@pixelmesh/proto";
import { expect, test } from "vitest";
import { toDown, toHealth } from "./health-words.ts";

const device = (zone: Zone) => DeviceStatus.fromPartial({ zone });

test("a mesh at rest is good", () => {
  expect(toHealth([device(Zone.GREEN)], [], 0, false)).toEqual({
    state: "good",
    words: "Accepts jobs: all devices have free memory, nothing waits, no job failed in the last ten minutes.",
    accepting: true,
    zones: { green: 1, amber: 0, red: 0 },
    oldestWaitMs: 0,
    failuresTenMinutes: 0,
  });
});

test("a full device, a long wait or a failure strains it", () => {
  const queue = QueueStatus.fromPartial({ name: "a", waiting: 1, oldestWaitMs: 90_000 });
  const { state, words, oldestWaitMs } = toHealth([device(Zone.RED), device(Zone.AMBER)], [queue], 1, false);
  expect({ state, oldestWaitMs }).toEqual({ state: "strained", oldestWaitMs: 90_000 });
  expect(words).toBe(
    "Accepts jobs: 1 device is full (RED), the oldest work waits for 90 s, 1 job failed in the last ten minutes.",
  );
  expect(toHealth([], [], 200, true).words).toContain("200 or more jobs failed");
});

test("the age of an empty queue is no wait", () => {
  expect(toHealth([], [QueueStatus.fromPartial({ oldestWaitMs: 5 })], 0, false).oldestWaitMs).toBe(0);
});

test("a mesh that does not answer accepts nothing", () => {
  expect(toDown("the broker does not answer")).toMatchObject({ state: "down", accepting: false });
});
