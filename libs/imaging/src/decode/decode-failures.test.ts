import { AppError, isDeterministic, isRetryable } from "@pixelmesh/errors";
import { fourPixels, png } from "@pixelmesh/testing/pictures";
import { expect, test } from "vitest";
import { defaultLimits } from "../limits.ts";
import { decodeVerified } from "./decode-failures.ts";
import { openPicture } from "./open-picture.ts";

const opened = openPicture(png(4, 4, [], fourPixels), defaultLimits);

/** A decode that fails with these errors in turn, then succeeds. */
function failing(...errors: Error[]) {
  const state = { calls: 0 };
  const decode = async () => {
    const error = errors[state.calls++];
    if (error) throw error;
    return "pixels";
  };
  return { state, decode };
}

test("an error that does not recur is ignored", async () => {
  const { state, decode } = failing(new Error("Input buffer contains unsupported image format"));
  expect(await decodeVerified(opened, decode)).toBe("pixels");
  expect(state.calls).toBe(2);
});

test("an error that occurs twice is the file's fault and deterministic", async () => {
  const { state, decode } = failing(...Array.from({ length: 9 }, () => new Error("vipspng: libpng read error")));
  const error = await decodeVerified(opened, decode).catch((cause: AppError) => cause);
  expect(error).toMatchObject({ reason: "IMAGE_CORRUPT" });
  expect(isDeterministic("IMAGE_CORRUPT")).toBe(true);
  expect(state.calls).toBe(2);
});

test("failures of the machine are never the file's fault", async () => {
  const cases = [
    ["out of memory --- size == 150MB", "MEMORY_PRESSURE"],
    ["unable to create thread", "INTERNAL"],
    ["operation is blocked", "INTERNAL"],
  ] as const;
  for (const [message, reason] of cases) {
    const { state, decode } = failing(new Error(message));
    await expect(decodeVerified(opened, decode)).rejects.toMatchObject({ reason });
    expect([isDeterministic(reason), isRetryable(reason), state.calls]).toEqual([false, true, 1]);
  }
  // A limit of the decoder is the file's fault.
  const { decode } = failing(...Array(2).fill(new Error("heif: Memory allocation error: Security limit exceeded")));
  await expect(decodeVerified(opened, decode)).rejects.toMatchObject({ reason: "IMAGE_CORRUPT" });
});

test("refusals of our own checks are not retried", async () => {
  const { state, decode } = failing(new AppError("IMAGE_TOO_MANY_PIXELS", "Too many"));
  await expect(decodeVerified(opened, decode)).rejects.toMatchObject({ reason: "IMAGE_TOO_MANY_PIXELS" });
  expect(state.calls).toBe(1);
});
