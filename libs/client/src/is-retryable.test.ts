import { expect, test } from "vitest";
import { AppError, isRetryable } from "./index.ts";

test("failures that pass are retryable, and others are not", () => {
  for (const reason of ["SERVICE_UNAVAILABLE", "STOPPING", "QUEUE_FULL", "TOO_MANY_JOBS"] as const)
    expect(isRetryable(new AppError(reason, "x"))).toBe(true);
  for (const reason of ["IMAGE_CORRUPT", "UNKNOWN_MODEL", "DEADLINE_EXCEEDED"] as const)
    expect(isRetryable(new AppError(reason, "x"))).toBe(false);
  expect(isRetryable(new Error("SERVICE_UNAVAILABLE"))).toBe(false);
});
