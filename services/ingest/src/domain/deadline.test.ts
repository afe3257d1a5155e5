import { expect, test } from "vitest";
import { parseDeadline } from "./deadline.ts";

test("no deadline is the mesh's, one within a day is taken as it is", () => {
  expect([parseDeadline(0, 1_000, 500), parseDeadline(1_001, 1_000, 500)]).toEqual([1_500, 1_001]);
});

test.each([-1, 1_000, 1_000 + 86_400_001, 1.5])("%d is refused", (asked) => {
  expect(() => parseDeadline(asked, 1_000, 500)).toThrow(expect.objectContaining({ reason: "INVALID_ARGUMENT" }));
});
