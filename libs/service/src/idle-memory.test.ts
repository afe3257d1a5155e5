import { setTimeout as sleep } from "node:timers/promises";
import { getHeapStatistics } from "node:v8";
import { createLogger } from "@pixelmesh/telemetry";
import { expect, test, vi } from "vitest";
import { startIdleCollection } from "./idle-memory.ts";

const log = createLogger({ service: "test", level: "silent" });
const mib = 2 ** 20;

/** Creates objects of about 100 MiB. */
function makeGarbage(): unknown[] {
  return Array.from({ length: 1_500_000 }, (_, at) => ({ at, text: `t${at}` }));
}

test("an idle process shrinks its heap after a burst of work", async () => {
  const stop = startIdleCollection({ log, lookEveryMs: 100 });
  const startBytes = getHeapStatistics().total_heap_size;
  const garbage = makeGarbage();
  expect(getHeapStatistics().total_heap_size).toBeGreaterThan(startBytes + 48 * mib);
  garbage.length = 0;
  await expect.poll(() => getHeapStatistics().total_heap_size, { timeout: 20_000 }).toBeLessThan(startBytes + 40 * mib);
  stop();
});

test("no collection runs while the process is busy or its heap has not grown", async () => {
  const collect = vi.fn(async () => {});
  const stop = startIdleCollection({ log, lookEveryMs: 20, collect });
  await sleep(200);
  expect(collect).not.toHaveBeenCalled();
  const kept = makeGarbage();
  const untilMs = performance.now() + 300;
  while (performance.now() < untilMs) {
    const busyMs = performance.now() + 10;
    while (performance.now() < busyMs);
    await new Promise((resolve) => setImmediate(resolve));
  }
  expect(collect).not.toHaveBeenCalled();
  await expect.poll(() => collect.mock.calls.length).toBeGreaterThan(0);
  expect(kept.length).toBeGreaterThan(0);
  stop();
});
