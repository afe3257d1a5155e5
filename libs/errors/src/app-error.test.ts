import { expect, test } from "vitest";
import { AppError, expected, toAppError } from "./index.ts";

test("the error for a wrong field names what was expected and the value, cut to 64 characters", () => {
  const error = expected("width_px", "an integer from 1 to 16384", "x".repeat(500));
  expect(error.message).toMatch(/^Expected `width_px` to be an integer from 1 to 16384, got `x{63}…`$/);
  expect(error.fields).toEqual([{ field: "width_px", description: error.message }]);
});

test("aborts, timeouts and unexpected failures become AppErrors, and the text of an unexpected one hides its cause", () => {
  const reason = new AppError("STOPPING", "x");
  expect(toAppError(reason)).toBe(reason);
  expect(toAppError(AbortSignal.abort().reason).reason).toBe("CANCELLED");
  expect(toAppError(new DOMException("late", "TimeoutError")).reason).toBe("DEADLINE_EXCEEDED");
  const unexpected = toAppError(new TypeError("secret"));
  expect(unexpected).toMatchObject({ reason: "INTERNAL", cause: expect.any(TypeError) });
  expect(unexpected.message).not.toContain("secret");
});
