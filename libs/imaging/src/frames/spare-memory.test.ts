import { afterEach, expect, test, vi } from "vitest";
import { createSpareMemory } from "./spare-memory.ts";

const mebibyte = 2 ** 20;
afterEach(() => void vi.useRealTimers());

test("memory that was given back is reused for a similar size, and only once", () => {
  const spare = createSpareMemory(64 * mebibyte);
  const first = spare.take(10 * mebibyte);
  spare.give(first);
  spare.give(first);
  expect(spare.take(4 * mebibyte).buffer).not.toBe(first.buffer);
  expect(spare.take(11 * mebibyte).buffer).not.toBe(first.buffer);
  const second = spare.take(9 * mebibyte);
  expect(second.buffer).toBe(first.buffer);
  expect(second.length).toBe(9 * mebibyte);
  expect(spare.take(10 * mebibyte).buffer).not.toBe(first.buffer);
});

test("no more than the limit is kept, and nothing small", () => {
  const spare = createSpareMemory(20 * mebibyte);
  const given = [10, 11, 9].map((size) => spare.take(size * mebibyte));
  for (const each of given) spare.give(each);
  const buffers = new Set(given.map(({ buffer }) => buffer));
  const taken = [10, 10, 10].map((size) => spare.take((size - 2) * mebibyte));
  expect(taken.filter(({ buffer }) => buffers.has(buffer)).map(({ buffer }) => buffer.byteLength)).toEqual([
    9 * mebibyte,
    11 * mebibyte,
  ]);
  for (const size of [1000, 30 * mebibyte]) {
    const memory = spare.take(size);
    spare.give(memory);
    expect(spare.take(size).buffer).not.toBe(memory.buffer);
  }
});

test("memory that is unused for 10 s is dropped", () => {
  vi.useFakeTimers();
  const spare = createSpareMemory(20 * mebibyte);
  const memory = spare.take(10 * mebibyte);
  spare.give(memory);
  vi.advanceTimersByTime(9_000);
  spare.give(spare.take(10 * mebibyte));
  vi.advanceTimersByTime(9_000);
  const again = spare.take(10 * mebibyte);
  expect(again.buffer).toBe(memory.buffer);
  spare.give(again);
  vi.advanceTimersByTime(11_000);
  expect(spare.take(10 * mebibyte).buffer).not.toBe(memory.buffer);
});
