import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { createIdleCache } from "./idle-cache.ts";

const minuteMs = 60_000;

beforeEach(() => {
  vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout", "setInterval", "clearInterval", "performance"] });
});
afterEach(() => {
  vi.useRealTimers();
});

const createCache = () => createIdleCache<Uint8Array>(100, ({ length }) => length);

test("an entry goes some time after its last use, also if it is not requested again", () => {
  // lru-cache takes the time 0 for none.
  vi.advanceTimersByTime(minuteMs);
  const cache = createCache();
  cache.set("a", new Uint8Array(1));
  cache.set("b", new Uint8Array(2));
  vi.advanceTimersByTime(14 * minuteMs);
  expect(cache.get("a")).toHaveLength(1);
  vi.advanceTimersByTime(14 * minuteMs);
  expect(cache.get("a")).toHaveLength(1);
  expect(cache.get("b")).toBeUndefined();
  expect(vi.getTimerCount()).toBeGreaterThan(0);
  vi.advanceTimersByTime(16 * minuteMs);
  // Each entry has a timer until it is gone.
  expect(vi.getTimerCount()).toBe(0);
  expect(cache.get("a")).toBeUndefined();
});

test("the least recently used entry goes first when the memory is full", () => {
  const cache = createCache();
  for (const key of ["a", "b"]) cache.set(key, new Uint8Array(40));
  cache.get("a");
  cache.set("c", new Uint8Array(40));
  expect(["a", "b", "c"].map((key) => cache.get(key) !== undefined)).toEqual([true, false, true]);
});

test("an entry larger than the memory is not kept", () => {
  const cache = createCache();
  cache.set("a", new Uint8Array(101));
  expect(cache.get("a")).toBeUndefined();
});
