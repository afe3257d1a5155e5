import { expect, test } from "vitest";
import { parseDeadline } from "./deadline.ts";

const at = (deadlineUnixMs: number) => parseDeadline({ deadlineUnixMs, deadlineAfterMs: 0 }, 1_000, 500);
const after = (deadlineAfterMs: number) => parseDeadline({ deadlineUnixMs: 0, deadlineAfterMs }, 1_000, 500);
const refused = expect.objectContaining({ reason: "INVALID_ARGUMENT" });

test("a missing deadline becomes the default, and one within a day is used as it is", () => {
  expect([at(0), at(1_001)]).toEqual([1_500, 1_001]);
});

test("a time from now is added to the time of this clock", () => {
  expect([after(1), after(86_400_000)]).toEqual([1_001, 86_401_000]);
});

test.each([-1, 1_000, 1_000 + 86_400_001, 1.5])("the time %d is refused", (requested) => {
  expect(() => at(requested)).toThrow(refused);
});

test.each([-1, 86_400_001, 1.5])("%d ms from now is refused", (requested) => {
  expect(() => after(requested)).toThrow(refused);
});

test("a time and a time from now together are refused", () => {
  expect(() => parseDeadline({ deadlineUnixMs: 2_000, deadlineAfterMs: 500 }, 1_000, 500)).toThrow(refused);
});
