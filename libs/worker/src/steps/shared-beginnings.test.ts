import { type Effect, WorkItem } from "@pixelmesh/proto";
import { expect, test } from "vitest";
import { beginningKeys } from "./shared-beginnings.ts";

const blur = (radius: number): Effect => ({
  name: "blur",
  parameters: { radius: { kind: { $case: "number", value: radius } } },
});

/** A mark of a further picture of the step. */
const mark = (place: number): Effect => ({
  name: "watermark",
  parameters: { picture: { kind: { $case: "input", value: place } } },
});

function itemOf(effects: readonly Effect[], counts: readonly number[] | undefined, inputs = ["a"]): WorkItem {
  return WorkItem.fromPartial({
    step: { operation: { $case: "applyEffects", value: { effects: [...effects] } } },
    inputs: inputs.map((sha256) => ({ blob: { sha256 } })),
    ...(counts && { sharedEffects: { counts: [...counts] } }),
  });
}
const keysOf = (...item: Parameters<typeof itemOf>) => [...beginningKeys(itemOf(...item)).values()];

test("chains that begin alike and end differently have equal keys for their beginnings", () => {
  expect(keysOf([blur(1), blur(2)], [1])).toEqual(keysOf([blur(1), blur(3)], [1]));
  expect(keysOf([blur(1), blur(2), blur(3)], [1, 2])[0]).toBe(keysOf([blur(1)], [1])[0]);
});

test("other settings, another picture and another further picture give other keys", () => {
  const keys = [
    ...keysOf([blur(1)], [1]),
    ...keysOf([blur(2)], [1]),
    ...keysOf([blur(1)], [1], ["b"]),
    ...keysOf([mark(1)], [1], ["a", "b"]),
    ...keysOf([mark(1)], [1], ["a", "c"]),
    ...keysOf([blur(1), blur(1)], [2]),
  ];
  expect(new Set(keys).size).toBe(6);
});

test("a further picture counts by its digest, not by its place, and only where an effect takes it", () => {
  expect(keysOf([mark(2)], [1], ["a", "c", "b"])).toEqual(keysOf([mark(1)], [1], ["a", "b"]));
  expect(keysOf([blur(1), mark(1)], [1], ["a", "b"])).toEqual(keysOf([blur(1)], [1]));
});

test("a step without shared effects has no keys, and numbers outside of its chain are left out", () => {
  expect(keysOf([blur(1)], undefined)).toEqual([]);
  expect([...beginningKeys(itemOf([blur(1), blur(2)], [0, 1, 2, 3])).keys()]).toEqual([1, 2]);
  expect(beginningKeys(WorkItem.fromPartial({ sharedEffects: { counts: [1] } })).size).toBe(0);
});
