import fc from "fast-check";
import { expect, test } from "vitest";
import { findRetryAfterMs } from "./retry-after.ts";

const now = Date.UTC(2026, 10, 30, 12, 0, 0);
const find = (headers: Readonly<Record<string, string>>) => findRetryAfterMs((name) => headers[name], now);

test.each([
  ["seconds", { "retry-after": "7" }, 7_000],
  ["a date of RFC 9110", { "retry-after": "Mon, 30 Nov 2026 12:00:30 GMT" }, 30_000],
  ["a date that has passed", { "retry-after": "Mon, 30 Nov 2026 11:00:00 GMT" }, 100],
  ["milliseconds", { "retry-after-ms": "1500", "retry-after": "9" }, 1_500],
  ["a reset in seconds", { "ratelimit-reset": "12" }, 12_000],
  ["a reset since 1970 in seconds", { "x-ratelimit-reset": String(now / 1_000 + 42) }, 42_000],
  ["a reset since 1970 in milliseconds", { "x-ratelimit-reset": String(now + 42_000) }, 42_000],
  ["the draft of IETF", { ratelimit: '"default";r=0;t=33' }, 33_000],
  ["a span", { "x-ratelimit-reset-requests": "6m0s" }, 360_000],
  ["a span in milliseconds", { "x-ratelimit-reset-tokens": "250ms" }, 250],
  ["the longer span", { "x-ratelimit-reset-requests": "1s", "x-ratelimit-reset-tokens": "1m30s" }, 90_000],
  [
    "the span whose rest is 0",
    {
      "x-ratelimit-reset-requests": "2s",
      "x-ratelimit-remaining-requests": "0",
      "x-ratelimit-reset-tokens": "5m",
      "x-ratelimit-remaining-tokens": "9",
    },
    2_000,
  ],
  ["more than an hour", { "retry-after": "86400" }, 3_600_000],
  ["zero", { "retry-after": "0" }, 100],
])("a provider may name the time as %s", (_, headers, ms) => {
  expect(find(headers)).toBe(ms);
});

test("without such headers, or with other text in them, there is no time", () => {
  expect(find({})).toBeUndefined();
  for (const text of ["soon", "-5", "1e3", "NaN", "", "0x10", "7 s"])
    expect([text, find({ "retry-after": text })]).toEqual([text, undefined]);
});

test("any text gives no time or one from 100 ms to an hour", () => {
  const names = [
    "retry-after",
    "retry-after-ms",
    "ratelimit-reset",
    "x-ratelimit-reset",
    "ratelimit",
    "x-ratelimit-reset-requests",
  ];
  const text = fc.oneof(
    fc.string(),
    fc.double().map(String),
    fc.date().map((date) => date.toString()),
  );
  fc.assert(
    fc.property(fc.constantFrom(...names), text, (name, value) => {
      const ms = find({ [name]: value });
      if (ms !== undefined) expect(ms >= 100 && ms <= 3_600_000 && Number.isInteger(ms)).toBe(true);
    }),
  );
});
