import { setTimeout as sleep } from "node:timers/promises";
import { getHeapStatistics } from "node:v8";
import { expect, onTestFinished, test, vi } from "vitest";
import { type IdleMemoryOptions, type MachineTimes, startIdleCollection } from "./idle-memory.ts";

const mib = 2 ** 20;

/** Processor times of a machine that runs for this share of its time. */
function machineOf(busyShare: number): () => MachineTimes {
  let totalMs = 0;
  return () => {
    totalMs += 1_000;
    return { totalMs, idleMs: totalMs * (1 - busyShare) };
  };
}

function start(options: IdleMemoryOptions): void {
  onTestFinished(startIdleCollection({ lookEveryMs: 20, readLoop: () => 0, readMachine: machineOf(0), ...options }));
}

/** Creates objects of about 100 MiB. */
function makeGarbage(): unknown[] {
  return Array.from({ length: 1_500_000 }, (_, at) => ({ at, text: `t${at}` }));
}

/** Kept, so that the heap of this process is large enough to be collected. */
const kept = makeGarbage();

test("an idle process shrinks its heap after a burst of work", async () => {
  const startBytes = getHeapStatistics().total_heap_size;
  const measureBurst = () => (makeGarbage().length > 0 ? getHeapStatistics().total_heap_size : 0);
  expect(measureBurst()).toBeGreaterThan(startBytes + 48 * mib);
  start({ lookEveryMs: 100 });
  await expect.poll(() => getHeapStatistics().total_heap_size, { timeout: 60_000 }).toBeLessThan(startBytes + 40 * mib);
});

test("a process that became idle collects once, and again only after its heap has grown", async () => {
  const collect = vi.fn(async () => {});
  start({ collect });
  await expect.poll(() => collect.mock.calls.length, { timeout: 60_000 }).toBe(1);
  await sleep(500);
  expect(collect).toHaveBeenCalledTimes(1);
  const more = makeGarbage();
  await expect.poll(() => collect.mock.calls.length, { timeout: 60_000 }).toBe(2);
  expect(more.length).toBe(kept.length);
});

test("no collection runs while the process is busy", async () => {
  const collect = vi.fn(async () => {});
  let busyShare = 0.06;
  start({ collect, readLoop: () => busyShare });
  await sleep(500);
  expect(collect).not.toHaveBeenCalled();
  busyShare = 0.04;
  await expect.poll(() => collect.mock.calls.length, { timeout: 60_000 }).toBe(1);
});

test("a process that is idle at every other check collects at the first one that finds the machine free", async () => {
  let looks = 0;
  const collect = vi.fn(async () => looks);
  start({ collect: async () => void (await collect()), readLoop: () => (looks++ % 2 === 0 ? 0.06 : 0) });
  await expect.poll(() => collect.mock.calls.length, { timeout: 60_000 }).toBeGreaterThan(0);
  expect(await collect.mock.results[0]?.value).toBe(2);
});

test("a heap that shrinks by itself ends the wait for the machine, and its next growth begins another", async () => {
  // One entry for each check, in MiB: seven that find the heap grown, one that does not, then grown for good.
  const heaps = [...Array.from({ length: 7 }, () => 40), 10];
  let looks = 0;
  const collect = vi.fn(async () => looks);
  start({
    collect: async () => void (await collect()),
    readHeap: () => (heaps[looks++] ?? 40) * mib,
    readMachine: machineOf(0.6),
  });
  await expect.poll(() => collect.mock.calls.length, { timeout: 60_000 }).toBeGreaterThan(0);
  expect(await collect.mock.results[0]?.value).toBe(heaps.length + 13);
});

test("a busy machine postpones a collection for twelve checks", async () => {
  let looks = 0;
  const times = machineOf(0.6);
  const readMachine = () => {
    looks += 1;
    return times();
  };
  const collect = vi.fn(async () => looks);
  start({ collect: async () => void (await collect()), readMachine });
  await expect.poll(() => collect.mock.calls.length, { timeout: 60_000 }).toBe(1);
  expect(await collect.mock.results[0]?.value).toBe(13);
});
