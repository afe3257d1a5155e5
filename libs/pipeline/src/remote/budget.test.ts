import { AppError } from "@pixelmesh/errors";
import type { BudgetEntry } from "@pixelmesh/proto";
import fc from "fast-check";
import { expect, test } from "vitest";
import {
  budgetKey,
  budgetOf,
  dayEndUnixMs,
  emptyBudget,
  leftMicros,
  parseAmount,
  reserveBudget,
  settleBudget,
  toAmount,
  usedMicros,
  withoutExpired,
} from "./budget.ts";

const nowUnixMs = Date.UTC(2026, 10, 30, 23, 59, 0);
const asked = { tenant: "acme", limitMicros: 1_000, nowUnixMs };
const call = (callId: string, micros: number, untilUnixMs = nowUnixMs + 1_000) => ({ callId, micros, untilUnixMs });

test("a day is one of UTC", () => {
  expect(budgetKey("acme", nowUnixMs)).toBe("acme.2026-11-30");
  expect(budgetKey("acme", nowUnixMs + 60_000)).toBe("acme.2026-12-01");
  expect(dayEndUnixMs(nowUnixMs) - nowUnixMs).toBe(60_000);
});

test("a named tenant has its own budget, also none", () => {
  const limits = {
    everyTenant: 5,
    byTenant: new Map([
      ["rich", undefined],
      ["acme", 7],
    ]),
  };
  expect(["rich", "acme", "other"].map((tenant) => budgetOf(limits, tenant))).toEqual([undefined, 7, 5]);
});

test("what is above the rest is refused with the time until the day ends", () => {
  const entry = reserveBudget(emptyBudget, call("a", 600), asked);
  try {
    reserveBudget(entry, call("b", 401), asked);
    expect.unreachable();
  } catch (error) {
    expect(error).toBeInstanceOf(AppError);
    expect(error).toMatchObject({ reason: "BUDGET_EXCEEDED", retryAfterMs: 60_000 });
    expect((error as AppError).message).toContain("0.0004 left of its 0.001");
  }
  expect(usedMicros(reserveBudget(entry, call("b", 400), asked))).toBe(1_000);
});

test("a repeated call reserves once and is settled once, at what it cost", () => {
  const once = reserveBudget(emptyBudget, call("a", 600), asked);
  const twice = reserveBudget(once, call("a", 600, nowUnixMs + 9_000), asked);
  expect(twice.reservations).toEqual([call("a", 600, nowUnixMs + 9_000)]);
  const settled = settleBudget(twice, "a", 250) as BudgetEntry;
  expect(settled).toEqual({ spentMicros: 250, reservations: [], calls: 1 });
  expect(settleBudget(settled, "a", 250)).toBeUndefined();
});

test("an expired reservation counts as spent", () => {
  const entry = reserveBudget(emptyBudget, call("a", 600), asked);
  expect(withoutExpired(entry, nowUnixMs + 1_000)).toEqual({ spentMicros: 600, reservations: [], calls: 1 });
});

test("an entry holds at most 256 calls under way", () => {
  let entry = emptyBudget;
  for (let at = 0; at < 256; at++) entry = reserveBudget(entry, call(`c${at}`, 0), asked);
  expect(() => reserveBudget(entry, call("more", 0), asked)).toThrow(
    expect.objectContaining({ reason: "PROVIDER_BUSY" }),
  );
});

test("no more than the budget is reserved and spent, and no amount is lost, for any order of calls that cost at most their estimates", () => {
  const action = fc.oneof(
    fc.record({
      kind: fc.constant("reserve"),
      id: fc.integer({ min: 0, max: 9 }),
      micros: fc.integer({ min: 0, max: 600 }),
      lifeMs: fc.integer({ min: 1, max: 50 }),
    }),
    fc.record({
      kind: fc.constant("settle"),
      id: fc.integer({ min: 0, max: 9 }),
      share: fc.double({ min: 0, max: 1, noNaN: true }),
    }),
    fc.record({ kind: fc.constant("wait"), ms: fc.integer({ min: 1, max: 40 }) }),
  );
  fc.assert(
    fc.property(fc.array(action, { maxLength: 60 }), (actions) => {
      let entry = emptyBudget;
      let now = nowUnixMs;
      for (const each of actions) {
        const before = usedMicros(entry);
        if ("ms" in each) now += each.ms;
        if ("lifeMs" in each) {
          try {
            entry = reserveBudget(entry, call(`${each.id}`, each.micros, now + each.lifeMs), {
              ...asked,
              nowUnixMs: now,
            });
          } catch (error) {
            expect((error as AppError).reason).toBe("BUDGET_EXCEEDED");
            expect(each.micros).toBeGreaterThan(leftMicros(entry, asked.limitMicros));
          }
          expect(usedMicros(entry)).toBeGreaterThanOrEqual(before);
        }
        if ("share" in each) {
          const reserved = entry.reservations.find(({ callId }) => callId === `${each.id}`)?.micros;
          const cost = Math.floor((reserved ?? 0) * each.share);
          const next = settleBudget(entry, `${each.id}`, cost);
          expect(next === undefined).toBe(reserved === undefined);
          if (next) expect(usedMicros(next)).toBe(before - (reserved ?? 0) + cost);
          entry = next ?? entry;
        }
        expect(usedMicros(entry)).toBeLessThanOrEqual(asked.limitMicros);
      }
    }),
  );
});

test.each([
  ["5", 5_000_000],
  ["0.0125", 12_500],
  ["19.99", 19_990_000],
  ["0.000001", 1],
])("an amount is read exactly: %s", (text, micros) => {
  expect(parseAmount(text)).toBe(micros);
  expect(parseAmount(toAmount(micros))).toBe(micros);
});

test.each(["", "-1", "1,5", "1.0000001", "five", "1e3"])("another text than an amount is none: `%s`", (text) => {
  expect(parseAmount(text)).toBeUndefined();
});
