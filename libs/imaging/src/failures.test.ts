import { AppError, isDeterministic, isRetryable } from "@pixelmesh/errors";
import { expect, test } from "vitest";
import { fourPixels, png } from "../test/bombs.ts";
import { decodeVerified } from "./failures.ts";
import { defaultLimits } from "./limits.ts";
import { openPicture } from "./open.ts";

const opened = openPicture(png(4, 4, [], fourPixels), defaultLimits);

/** A decode that fails in turn with these, then succeeds. */
function failing(...errors: Error[]) {
  const state = { calls: 0 };
  const decode = async () => {
    const error = errors[state.calls++];
    if (error) throw error;
    return "pixels";
  };
  return { state, decode };
}

test("a complaint that does not come again is forgotten", async () => {
  const { state, decode } = failing(new Error("Input buffer contains unsupported image format"));
  expect(await decodeVerified(opened, decode)).toBe("pixels");
  expect(state.calls).toBe(2);
});

test("a complaint that comes twice is a fact of the file, and may be remembered", async () => {
  const { state, decode } = failing(...Array.from({ length: 9 }, () => new Error("vipspng: libpng read error")));
  const error = await decodeVerified(opened, decode).catch((cause: AppError) => cause);
  expect(error).toMatchObject({ reason: "IMAGE_CORRUPT" });
  expect(isDeterministic("IMAGE_CORRUPT")).toBe(true);
  expect(state.calls).toBe(2);
});

test("failures of the machine are never facts of the file", async () => {
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
  // A limit of the decoder's own is one.
  const { decode } = failing(...Array(2).fill(new Error("heif: Memory allocation error: Security limit exceeded")));
  await expect(decodeVerified(opened, decode)).rejects.toMatchObject({ reason: "IMAGE_CORRUPT" });
});

test("what our own checks refuse is not tried again", async () => {
  const { state, decode } = failing(new AppError("IMAGE_TOO_MANY_PIXELS", "Too many"));
  await expect(decodeVerified(opened, decode)).rejects.toMatchObject({ reason: "IMAGE_TOO_MANY_PIXELS" });
  expect(state.calls).toBe(1);
});
