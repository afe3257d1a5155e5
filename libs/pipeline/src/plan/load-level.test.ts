import { describe, expect, test } from "vitest";
import { createLoadGauge, type LoadSignals, loadFallAfterMs, loadOf, noLoad } from "./load-level.ts";

const quiet: LoadSignals = { cpuLoad: 0.5, memoryZone: 0, queueWaitMs: 0, recentWaitMs: 0 };

describe("the level of the load", () => {
  test.each<[Partial<LoadSignals>, number, string]>([
    [{}, 0, ""],
    [{ cpuLoad: 1.99 }, 0, ""],
    [{ cpuLoad: 2 }, 1, "2.0 tasks a core"],
    [{ cpuLoad: 9 }, 3, "9.0 tasks a core"],
    [{ memoryZone: 1 }, 1, "memory is amber"],
    [{ memoryZone: 2 }, 2, "memory is red"],
    [{ queueWaitMs: 4_999 }, 0, ""],
    [{ queueWaitMs: 12_000 }, 2, "work waits 12 s"],
    [{ recentWaitMs: 15_000 }, 3, "steps waited 15 s lately"],
    [{ memoryZone: 1, queueWaitMs: 20_000 }, 3, "work waits 20 s"],
  ])("with %j is %i", (change, level, why) => expect(loadOf({ ...quiet, ...change })).toEqual({ level, why }));
});

test("the level rises at once and falls one by one, each after a while below it", () => {
  const gauge = createLoadGauge();
  const high = loadOf({ ...quiet, queueWaitMs: 60_000 });
  expect(gauge.update(noLoad, 0).level).toBe(0);
  expect(gauge.update(high, 1)).toEqual(high);
  expect(gauge.update(noLoad, loadFallAfterMs).level).toBe(3);
  expect(gauge.update(noLoad, 1 + loadFallAfterMs).level).toBe(2);
  expect(gauge.update(noLoad, 2 + loadFallAfterMs).level).toBe(2);
  expect(gauge.update(noLoad, 1 + 2 * loadFallAfterMs).level).toBe(1);
  expect(gauge.update(noLoad, 1 + 3 * loadFallAfterMs)).toEqual(noLoad);
});
