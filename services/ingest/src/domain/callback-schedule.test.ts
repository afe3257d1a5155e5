import { CallbackEntry, CallbackState } from "@pixelmesh/proto";
import { expect, test } from "vitest";
import { type AttemptResult, afterAttempt, afterRetry } from "./callback-schedule.ts";

const minute = 60_000;
const hour = 60 * minute;
const retryAfterMs = [5_000, 5 * minute, 30 * minute, 2 * hour, 5 * hour, 10 * hour, 10 * hour];
const pending = CallbackEntry.fromPartial({ jobId: "j", state: CallbackState.PENDING });

/** Fails until nothing is due. The clock jumps to the time of each attempt. */
function failAll(result: AttemptResult, random: number) {
  let nowUnixMs = 0;
  const dueAt: number[] = [];
  let entry = pending;
  while (entry.state === CallbackState.PENDING && dueAt.length < 100) {
    dueAt.push(nowUnixMs);
    entry = afterAttempt(entry, result, { nowUnixMs, random, retryAfterMs }).entry;
    nowUnixMs = entry.nextAttemptUnixMs;
  }
  return { dueAt, entry };
}

test("eight attempts are made over about a day, then the callback has failed", () => {
  const { dueAt, entry } = failAll({ status: 500, failure: "" }, 0.5);
  expect(dueAt).toEqual([
    0,
    5_000,
    5_000 + 5 * minute,
    5_000 + 35 * minute,
    5_000 + 155 * minute,
    5_000 + 455 * minute,
    5_000 + 1_055 * minute,
    5_000 + 1_655 * minute,
  ]);
  expect(entry).toMatchObject({
    state: CallbackState.FAILED,
    attempts: 8,
    lastStatus: 500,
    lastError: "HTTP status 500",
    nextAttemptUnixMs: 0,
  });
  const earliest = failAll({ status: 0, failure: "no answer in time" }, 0);
  const latest = failAll({ status: 0, failure: "no answer in time" }, 1);
  expect(earliest.dueAt.at(-1)).toBeCloseTo((dueAt.at(-1) as number) * 0.9, -2);
  expect(latest.dueAt.at(-1)).toBeCloseTo((dueAt.at(-1) as number) * 1.1, -2);
  expect(latest.entry).toMatchObject({ lastStatus: 0, lastError: "no answer in time" });
});

test("a status from 200 to 299 delivers; a redirect and every other status do not", () => {
  const times = { nowUnixMs: 7, random: 0.5, retryAfterMs };
  for (const status of [200, 202, 204, 299])
    expect(afterAttempt(pending, { status, failure: "" }, times)).toMatchObject({
      outcome: "delivered",
      entry: { state: CallbackState.DELIVERED, deliveredUnixMs: 7, attempts: 1 },
    });
  for (const status of [101, 300, 302, 400, 404, 429, 500, 503])
    expect(afterAttempt(pending, { status, failure: "" }, times)).toMatchObject({
      outcome: "failed",
      entry: { state: CallbackState.PENDING, attempts: 1 },
    });
  expect(afterAttempt(pending, { status: 410, failure: "" }, times)).toMatchObject({
    outcome: "gone",
    entry: { state: CallbackState.FAILED, nextAttemptUnixMs: 0 },
  });
  expect(afterAttempt({ ...pending, attempts: 7 }, { status: 500, failure: "" }, times).outcome).toBe("given_up");
});

test("Retry-After makes a pause longer, never shorter, and at most a day", () => {
  const nowUnixMs = Date.parse("2026-01-01T00:00:00Z");
  const nextAfter = (retryAfter: string) =>
    afterAttempt(pending, { status: 429, retryAfter, failure: "" }, { nowUnixMs, random: 0.5, retryAfterMs }).entry
      .nextAttemptUnixMs - nowUnixMs;
  expect(nextAfter("120")).toBe(2 * minute);
  expect(nextAfter("Thu, 01 Jan 2026 00:10:00 GMT")).toBe(10 * minute);
  for (const text of ["1", "0", "-5", "soon", "", "Wed, 31 Dec 2025 00:00:00 GMT"]) expect(nextAfter(text)).toBe(5_000);
  expect(nextAfter("999999999")).toBe(24 * hour);
});

test("a retried callback begins with its first attempt", () => {
  const { entry } = failAll({ status: 500, failure: "" }, 0.5);
  expect(afterRetry(entry, 9)).toMatchObject({
    state: CallbackState.PENDING,
    attempts: 0,
    nextAttemptUnixMs: 9,
    queuedUnixMs: 9,
  });
});
