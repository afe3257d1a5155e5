import { describe, expect, test } from "vitest";
import {
  type EvictionRules,
  evictionDelayMs,
  nextEviction,
  type PooledModel,
  protectedForMs,
} from "./eviction-policy.ts";

const rules: EvictionRules = { maxBytes: 100, maxModels: 3, minResidentMs: 30_000 };
const pooled = (key: string, facts: Partial<PooledModel> = {}): PooledModel => ({
  key,
  leases: 0,
  pinned: false,
  loadedMs: 0,
  lastUsedMs: 0,
  loadMs: 500,
  ...facts,
});
const wanted = { key: "new", bytes: 20 };

describe("eviction", () => {
  test("is not needed while memory and count allow another model", () => {
    expect(nextEviction([pooled("a"), pooled("b")], wanted, 80, rules)).toEqual({ go: true });
    expect(nextEviction([], { key: "huge", bytes: 1_000 }, 0, rules)).toEqual({ go: true });
  });

  test("takes the least recently used model without a lease", () => {
    const models = [
      pooled("a", { lastUsedMs: 5 }),
      pooled("b", { lastUsedMs: 3 }),
      pooled("c", { lastUsedMs: 1, leases: 1 }),
    ];
    expect(nextEviction(models, wanted, 0, rules)).toEqual({ evict: "b", why: "count" });
    expect(nextEviction(models.slice(0, 2), wanted, 81, rules)).toEqual({ evict: "b", why: "memory" });
  });

  test("waits for a release if all other models are leased, and never takes a pinned model", () => {
    const one = { ...rules, maxModels: 1 };
    expect(nextEviction([pooled("a", { leases: 1 })], wanted, 0, one)).toEqual({ wait: "release" });
    expect(nextEviction([pooled("a", { pinned: true })], wanted, 1_000, one)).toEqual({ go: true });
    expect(nextEviction([pooled("a", { pinned: true }), pooled("b")], wanted, 0, one)).toEqual({
      evict: "b",
      why: "count",
    });
  });
});

describe("the protection against thrashing", () => {
  test("keeps a model for ten times its load time, at most for the limit", () => {
    expect(protectedForMs(pooled("a", { loadedMs: 100, loadMs: 500 }), rules, 1_100)).toBe(4_000);
    expect(protectedForMs(pooled("a", { loadMs: 60_000 }), rules, 1_000)).toBe(29_000);
    expect(protectedForMs(pooled("a"), rules, 6_000)).toBe(0);
  });

  test("delays only a model that would evict another one", () => {
    const one = { ...rules, maxModels: 1 };
    expect(evictionDelayMs([pooled("a")], wanted, 0, one, 2_000)).toBe(3_000);
    expect(evictionDelayMs([pooled("a")], { key: "a", bytes: 20 }, 0, one, 2_000)).toBe(0);
    expect(evictionDelayMs([pooled("a")], wanted, 0, rules, 2_000)).toBe(0);
    expect(evictionDelayMs([pooled("a", { leases: 1 })], wanted, 0, one, 2_000)).toBe(0);
  });
});
