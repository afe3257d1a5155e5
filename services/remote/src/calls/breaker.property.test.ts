import fc from "fast-check";
import { expect, test } from "vitest";
import { createBreaker, defaultBreakerRules } from "./breaker.ts";

type Event = { readonly kind: "succeeded" | "failed"; readonly afterMs: number };
const event: fc.Arbitrary<Event> = fc.record({
  kind: fc.constantFrom("succeeded", "failed"),
  afterMs: fc.oneof(fc.nat(2_000), fc.nat(400_000)),
});

test("five failures in a row open it for 30 s, then one call at a time is tried, and a success closes it", () => {
  const breaker = createBreaker();
  for (let n = 0; n < 4; n += 1) expect(breaker.failed(n)).toBe(false);
  expect(breaker.read(3)).toEqual({ phase: "closed", openForMs: 0 });
  expect(breaker.failed(4)).toBe(true);
  expect(breaker.read(4)).toEqual({ phase: "open", openForMs: 30_000 });
  expect(breaker.read(30_003)).toEqual({ phase: "open", openForMs: 1 });
  expect(breaker.read(30_004)).toEqual({ phase: "half_open", openForMs: 0 });
  breaker.succeeded(31_000);
  expect(breaker.read(31_000).phase).toBe("closed");
});

test("half of the last 20 calls opens it, even if none failed five times in a row", () => {
  const breaker = createBreaker();
  const opened = Array.from({ length: 20 }, (_, n) => {
    if (n % 2 === 0) return breaker.failed(n);
    breaker.succeeded(n);
    return false;
  });
  // The window is full with the 20th call, a success; the next failure is the 10th of the last 20.
  expect(opened).not.toContain(true);
  expect(breaker.failed(20)).toBe(true);
});

test("each failed trial doubles the time up to five minutes, and a success sets it back", () => {
  const breaker = createBreaker();
  let nowMs = 0;
  for (let n = 0; n < 5; n += 1) breaker.failed(nowMs);
  const times = [];
  for (let n = 0; n < 6; n += 1) {
    const { openForMs } = breaker.read(nowMs);
    times.push(openForMs / 1_000);
    nowMs += openForMs;
    expect(breaker.failed(nowMs)).toBe(true);
  }
  expect(times).toEqual([30, 60, 120, 240, 300, 300]);
  nowMs += breaker.read(nowMs).openForMs;
  breaker.succeeded(nowMs);
  for (let n = 0; n < 5; n += 1) breaker.failed(nowMs);
  expect(breaker.read(nowMs).openForMs).toBe(30_000);
});

test("a trial that never comes closes it after as long as it was open", () => {
  const breaker = createBreaker();
  for (let n = 0; n < 5; n += 1) breaker.failed(0);
  expect(breaker.read(59_999).phase).toBe("half_open");
  expect(breaker.read(60_000).phase).toBe("closed");
});

test("it never opens without a failure at that moment, is open for 30 s to 5 minutes, and always opens again to calls", () => {
  fc.assert(
    fc.property(fc.array(event, { maxLength: 200, size: "max" }), (events) => {
      const breaker = createBreaker();
      let nowMs = 0;
      for (const { kind, afterMs } of events) {
        nowMs += afterMs;
        const before = breaker.read(nowMs);
        const opened = kind === "failed" && breaker.failed(nowMs);
        if (kind === "succeeded") breaker.succeeded(nowMs);
        const after = breaker.read(nowMs);
        if (before.phase === "open") {
          expect(opened).toBe(false);
          expect(after).toEqual(before);
          continue;
        }
        if (opened) {
          expect(after.openForMs).toBeGreaterThanOrEqual(defaultBreakerRules.openMs);
          expect(after.openForMs).toBeLessThanOrEqual(defaultBreakerRules.maxOpenMs);
        } else expect(after.phase).toBe(kind === "succeeded" ? "closed" : before.phase);
      }
      expect(breaker.read(nowMs + defaultBreakerRules.maxOpenMs).phase).not.toBe("open");
    }),
  );
});
