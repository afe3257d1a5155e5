import { ErrorReason } from "@pixelmesh/proto";
import { expect, test } from "vitest";
import {
  AppError,
  expected,
  isDeterministic,
  isRetryable,
  reasonFromEnum,
  reasons,
  reasonToEnum,
  toAppError,
} from "./index.ts";

test("every reason has a number of the contract and is found again by it", () => {
  expect(reasons.length).toBe(Object.keys(ErrorReason).length - 2);
  for (const reason of reasons) expect(reasonFromEnum(reasonToEnum(reason))).toBe(reason);
});

test("a number that this release does not know is INTERNAL", () => {
  expect(reasonFromEnum(9_999 as ErrorReason)).toBe("INTERNAL");
});

test("no reason is both kept as a result and tried again", () => {
  for (const reason of reasons) expect(isRetryable(reason) && isDeterministic(reason)).toBe(false);
});

test("a wrong field is told with what was expected and what was there, cut to a bound", () => {
  const error = expected("width_px", "an integer from 1 to 16384", "x".repeat(500));
  expect(error.message).toMatch(/^Expected `width_px` to be an integer from 1 to 16384, got `x{63}…`$/);
  expect(error.fields).toEqual([{ field: "width_px", description: error.message }]);
});

test("any failure becomes typed: aborts by their reason, timeouts, and the unexpected with a text that tells nothing", () => {
  const reason = new AppError("STOPPING", "x");
  expect(toAppError(reason)).toBe(reason);
  expect(toAppError(AbortSignal.abort().reason).reason).toBe("CANCELLED");
  expect(toAppError(new DOMException("late", "TimeoutError")).reason).toBe("DEADLINE_EXCEEDED");
  const unexpected = toAppError(new TypeError("secret"));
  expect(unexpected).toMatchObject({ reason: "INTERNAL", cause: expect.any(TypeError) });
  expect(unexpected.message).not.toContain("secret");
});
