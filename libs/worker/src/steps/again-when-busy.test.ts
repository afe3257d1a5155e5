import { AppError } from "@pixelmesh/errors";
import { expect, test, vi } from "vitest";
import { againWhenBusy } from "./again-when-busy.ts";

const busy = () => new AppError("PROVIDER_BUSY", "closed", { retryAfterMs: 1 });

test("a step runs again while its provider is busy, and any other failure ends it", async () => {
  const run = vi.fn(async () => {
    if (run.mock.calls.length < 3) throw busy();
    return "done";
  });
  await expect(againWhenBusy(new AbortController().signal, run)).resolves.toBe("done");
  expect(run).toHaveBeenCalledTimes(3);
  const failing = vi.fn(async () => Promise.reject(new AppError("PROVIDER_FAILED", "away")));
  await expect(againWhenBusy(new AbortController().signal, failing)).rejects.toMatchObject({
    reason: "PROVIDER_FAILED",
  });
  expect(failing).toHaveBeenCalledTimes(1);
});

test("the end of the job ends the wait with its reason", async () => {
  const ending = new AbortController();
  const run = vi.fn(async () => {
    ending.abort(new AppError("DEADLINE_EXCEEDED", "late"));
    throw new AppError("PROVIDER_BUSY", "closed", { retryAfterMs: 60_000 });
  });
  await expect(againWhenBusy(ending.signal, run)).rejects.toMatchObject({ reason: "DEADLINE_EXCEEDED" });
  expect(run).toHaveBeenCalledTimes(1);
});
