import { Job, type StepWait, WaitReason } from "@pixelmesh/proto";
import { expect, test } from "vitest";
import { isEndSeen, isSeen, parseEventId, placeOf, toEndId, toEventId } from "./event-id.ts";

const at = (revision: number, progress: number, wait?: Partial<StepWait>) =>
  placeOf(Job.fromPartial({ revision, progress, steps: [{ id: "a", ...(wait ? { wait } : {}) }] }));

test("an id names its state", () => {
  expect(toEventId(at(12, 0.5))).toBe("12-5000");
  expect(parseEventId("12-5000")).toEqual(at(12, 0.5));
  for (const text of [undefined, "", "12", "-1", "1-2-3", "1-2-0123456g", "a-b", "1-999999"])
    expect(parseEventId(text), text).toBeUndefined();
});

test("a state is seen if its revision is older, or the same with no more progress", () => {
  const last = at(12, 0.5);
  expect(isSeen(at(11, 0.9), last)).toBe(true);
  expect(isSeen(at(12, 0.5), last)).toBe(true);
  expect(isSeen(at(12, 0.6), last)).toBe(false);
  expect(isSeen(at(13, 0), last)).toBe(false);
  expect(isSeen(at(1, 0), undefined)).toBe(false);
});

test("at the same progress, a state whose steps wait for something else is not seen", () => {
  const queued = at(12, 0, { reason: WaitReason.QUEUE });
  const memory = at(12, 0, { reason: WaitReason.MEMORY, position: 2, deviceId: "gpu" });
  expect(toEventId(queued)).toMatch(/^12-0-[0-9a-f]{8}$/);
  expect(parseEventId(toEventId(memory))).toEqual(memory);
  expect(isSeen(memory, queued)).toBe(false);
  expect(isSeen(at(12, 0, { reason: WaitReason.MEMORY, position: 1, deviceId: "gpu" }), memory)).toBe(false);
  expect(isSeen(at(12, 0), memory)).toBe(false);
  expect(isSeen(memory, memory)).toBe(true);
  expect(isSeen(queued, at(12, 0.1))).toBe(true);
});

test("the end comes after the last state", () => {
  const end = parseEventId(toEndId(at(12, 1)));
  expect(isEndSeen(end)).toBe(true);
  expect(isEndSeen(at(12, 1))).toBe(false);
  expect(isSeen(at(12, 1), end)).toBe(true);
});
