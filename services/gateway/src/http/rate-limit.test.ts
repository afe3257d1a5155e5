import { expect, test } from "vitest";
import { createRateLimit } from "./rate-limit.ts";

function openLimit(perSecond: number) {
  let nowMs = 0;
  const admit = createRateLimit(perSecond, () => nowMs);
  return { admit, pass: (ms: number) => (nowMs += ms) };
}

test("twice the rate is admitted at once, then the rate", () => {
  const { admit, pass } = openLimit(10);
  for (let at = 0; at < 20; at++) admit("a");
  expect(() => admit("a")).toThrow(expect.objectContaining({ reason: "RATE_LIMITED", retryAfterMs: 100 }));
  pass(100);
  admit("a");
  expect(() => admit("a")).toThrow("at most 10 requests per second");
  pass(60_000);
  for (let at = 0; at < 20; at++) admit("a");
  expect(() => admit("a")).toThrow();
});

test("callers have their own rates, refused requests cost none, and 0 admits all", () => {
  const { admit, pass } = openLimit(1);
  for (let at = 0; at < 2; at++) admit("a");
  for (let at = 0; at < 5; at++) expect(() => admit("a")).toThrow();
  admit("b");
  pass(1_000);
  admit("a");
  const { admit: free } = openLimit(0);
  for (let at = 0; at < 1_000; at++) free("a");
});
