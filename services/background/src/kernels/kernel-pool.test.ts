import { expect, test, vi } from "vitest";
import { createKernels, loadModule } from "./kernel-memory.ts";
import { createKernelPool } from "./kernel-pool.ts";

const module = loadModule("compose");
const open = () => createKernelPool(() => createKernels<object>(module));

test("an instance in use is not given out again, and one given back is", () => {
  const pool = open();
  const [first, second] = [pool.take(), pool.take()];
  expect(second).not.toBe(first);
  pool.give(first);
  expect(pool.take()).toBe(first);
  expect(pool.take()).not.toBe(second);
});

test("no more than two are kept, none of more than 24 MiB, and none after 10 s without use", () => {
  vi.useFakeTimers();
  try {
    const pool = open();
    const all = [pool.take(), pool.take(), pool.take()];
    for (const kernels of all) pool.give(kernels);
    expect([pool.take(), pool.take()].every((kernels) => all.slice(0, 2).includes(kernels))).toBe(true);
    expect(all).not.toContain(pool.take());

    const large = pool.take();
    large.reserve(25 * 2 ** 20);
    pool.give(large);
    expect(pool.take()).not.toBe(large);

    const idle = pool.take();
    pool.give(idle);
    vi.advanceTimersByTime(10_001);
    expect(pool.take()).not.toBe(idle);
  } finally {
    vi.useRealTimers();
  }
});

test("memory grows to what is reserved and never shrinks; too much is OUT_OF_MEMORY", () => {
  const kernels = createKernels<object>(module);
  kernels.reserve(300_000);
  kernels.bytes(0, 300_000).fill(7);
  kernels.reserve(100_000);
  expect(kernels.sizeBytes()).toBe(5 * 65_536);
  expect(kernels.bytes(299_999, 1)[0]).toBe(7);
  expect(() => kernels.reserve(2 ** 33)).toThrow(expect.objectContaining({ reason: "OUT_OF_MEMORY" }));
});
