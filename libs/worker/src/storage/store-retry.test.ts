import { AppError } from "@pixelmesh/errors";
import { createLogger, createMetrics } from "@pixelmesh/telemetry";
import { expect, test } from "vitest";
import { createStoreRetry, toWaitMs } from "./store-retry.ts";

function open(signal = new AbortController().signal) {
  const metrics = createMetrics("upscale", "1");
  const storeRetry = createStoreRetry({ metrics, log: createLogger({ service: "test", level: "silent" }) });
  const waiting = async () =>
    /pixelmesh_steps_waiting_for_storage(?:{[^}]*})? (\d+)/.exec((await metrics.page()).text)?.[1] ?? "none";
  return { retry: storeRetry.of({ jobId: "j" }, signal), waiting };
}

/** An action that throws each of the errors, then succeeds. */
function failing(...errors: unknown[]) {
  const left = [...errors];
  const act = async () => {
    const error = left.shift();
    if (error !== undefined) throw error;
    return "stored";
  };
  return { act, left };
}

// At once, because they wait in real time.
test.concurrent("transient failures are retried, and the step is counted while it waits", async ({ expect }) => {
  const { retry, waiting } = open();
  const { act } = failing(
    new AppError("STORAGE_FULL", "x"),
    new AppError("STORAGE_UNAVAILABLE", "x"),
    new AppError("SERVICE_UNAVAILABLE", "x"),
  );
  const storing = retry(act);
  await expect.poll(waiting, { timeout: 10_000 }).toBe("1");
  expect(await storing).toBe("stored");
  expect(await waiting()).toBe("0");
});

test.concurrent("permanent failures are thrown at once, internal ones after five tries", async ({ expect }) => {
  const { retry } = open();
  const wrong = failing(new AppError("DIGEST_MISMATCH", "x"));
  await expect(retry(wrong.act)).rejects.toMatchObject({ reason: "DIGEST_MISMATCH" });
  const defect = failing(...Array.from({ length: 9 }, () => new TypeError("x")));
  await expect(retry(defect.act)).rejects.toThrow(TypeError);
  expect(defect.left).toHaveLength(4);
});

test.concurrent("an aborted signal ends the wait with its reason", async ({ expect }) => {
  const controller = new AbortController();
  const { retry, waiting } = open(controller.signal);
  const { act } = failing(new AppError("STORAGE_FULL", "x", { retryAfterMs: 30_000 }));
  const storing = retry(act);
  await expect.poll(waiting).toBe("1");
  controller.abort(new AppError("DEADLINE_EXCEEDED", "over"));
  await expect(storing).rejects.toMatchObject({ reason: "DEADLINE_EXCEEDED" });
  expect(await waiting()).toBe("0");
});

test("waits grow to a bound and are never shorter than the server asks for", () => {
  const waits = Array.from({ length: 8 }, (_, at) => toWaitMs({ retryAfterMs: undefined }, at + 1, 0));
  expect(waits).toEqual([250, 500, 1_000, 2_000, 4_000, 8_000, 10_000, 10_000]);
  expect(toWaitMs({ retryAfterMs: 5_000 }, 1, 0)).toBe(5_000);
  expect(toWaitMs({ retryAfterMs: 3_600_000 }, 1, 1)).toBe(37_500);
});
