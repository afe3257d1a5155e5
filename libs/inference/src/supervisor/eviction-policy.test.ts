import { describe, expect, test } from "vitest";
import { type HeldModel, nextRoomStep, patienceMs, protectedForMs, type RoomRules } from "./eviction-policy.ts";

const rules: RoomRules = { maxBytes: 100, maxModels: 3, minResidentMs: 30_000 };
const held = (key: string, facts: Partial<HeldModel> = {}): HeldModel => {
  return { ...{ key, holders: 0, pinned: false, loadedMs: 0, lastUsedMs: 0, loadMs: 500 }, ...facts };
};
const wanted = { key: "new", bytes: 20 };

describe("room for a model", () => {
  test("is there while memory and count allow", () => {
    expect(nextRoomStep([held("a"), held("b")], wanted, 80, rules)).toEqual({ go: true });
    expect(nextRoomStep([], { key: "huge", bytes: 1_000 }, 0, rules)).toEqual({ go: true });
  });

  test("is made by the least recently used that nobody holds", () => {
    const models = [
      held("a", { lastUsedMs: 5 }),
      held("b", { lastUsedMs: 3 }),
      held("c", { lastUsedMs: 1, holders: 1 }),
    ];
    expect(nextRoomStep(models, wanted, 0, rules)).toEqual({ unload: "b", why: "count" });
    expect(nextRoomStep(models.slice(0, 2), wanted, 81, rules)).toEqual({ unload: "b", why: "memory" });
  });

  test("is waited for where all others are held, and never made by what is pinned", () => {
    const one = { ...rules, maxModels: 1 };
    expect(nextRoomStep([held("a", { holders: 1 })], wanted, 0, one)).toEqual({ wait: "release" });
    expect(nextRoomStep([held("a", { pinned: true })], wanted, 1_000, one)).toEqual({ go: true });
    expect(nextRoomStep([held("a", { pinned: true }), held("b")], wanted, 0, one)).toEqual({
      unload: "b",
      why: "count",
    });
  });
});

describe("the guard against thrash", () => {
  test("keeps a model for ten times as long as it took to load, at most the bound", () => {
    expect(protectedForMs(held("a", { loadedMs: 100, loadMs: 500 }), rules, 1_100)).toBe(4_000);
    expect(protectedForMs(held("a", { loadMs: 60_000 }), rules, 1_000)).toBe(29_000);
    expect(protectedForMs(held("a"), rules, 6_000)).toBe(0);
  });

  test("asks for patience only from a model that would displace one", () => {
    const one = { ...rules, maxModels: 1 };
    expect(patienceMs([held("a")], wanted, 0, one, 2_000)).toBe(3_000);
    expect(patienceMs([held("a")], { key: "a", bytes: 20 }, 0, one, 2_000)).toBe(0);
    expect(patienceMs([held("a")], wanted, 0, rules, 2_000)).toBe(0);
    expect(patienceMs([held("a", { holders: 1 })], wanted, 0, one, 2_000)).toBe(0);
  });
});
