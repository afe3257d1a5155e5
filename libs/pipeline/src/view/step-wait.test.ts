import { ErrorReason, StepState, StepWait, WaitReason } from "@pixelmesh/proto";
import { expect, test } from "vitest";
import { STALE_AFTER_MS } from "./job-progress.ts";
import { stepWait } from "./step-wait.ts";

const ready = { state: StepState.READY, attempt: 1, error: undefined };
const failed = { reason: ErrorReason.OUT_OF_MEMORY, message: "", stepId: "s" };
const memory = StepWait.create({ reason: WaitReason.MEMORY, position: 3, deviceId: "gpu" });
const report = { fraction: 0, etaMs: -1, attempt: 1, receivedUnixMs: 1_000, wait: memory };

test("a ready step waits for what its worker reported, as long as the report is fresh", () => {
  expect(stepWait(ready, report, 1_000 + STALE_AFTER_MS)).toEqual(memory);
  expect(stepWait(ready, report, 1_001 + STALE_AFTER_MS)).toEqual(StepWait.create({ reason: WaitReason.QUEUE }));
  expect(stepWait({ ...ready, attempt: 2 }, report, 1_000)).toEqual(StepWait.create({ reason: WaitReason.QUEUE }));
});

test("a ready step without a report is in the queue, or waits to be tried again", () => {
  expect(stepWait(ready, undefined, 0)?.reason).toBe(WaitReason.QUEUE);
  expect(stepWait({ ...ready, attempt: 2, error: failed }, undefined, 0)?.reason).toBe(WaitReason.RETRY);
});

test("a ready step whose worker says that it waits for nothing is about to start", () => {
  expect(stepWait(ready, { ...report, wait: undefined }, 1_000)).toBeUndefined();
});

test("a step that waits for an equal one does so until another report", () => {
  const equal = { ...report, wait: StepWait.create({ reason: WaitReason.EQUAL_STEP }) };
  expect(stepWait(ready, equal, 1e9)?.reason).toBe(WaitReason.EQUAL_STEP);
});

test("a running step may wait for a further slot; pending and ended steps wait for nothing", () => {
  expect(stepWait({ ...ready, state: StepState.RUNNING }, report, 1_000)).toEqual(memory);
  expect(stepWait({ ...ready, state: StepState.RUNNING }, { ...report, wait: undefined }, 1_000)).toBeUndefined();
  for (const state of [StepState.PENDING, StepState.SUCCEEDED, StepState.FAILED, StepState.CANCELLED])
    expect(stepWait({ ...ready, state }, report, 1_000)).toBeUndefined();
});
