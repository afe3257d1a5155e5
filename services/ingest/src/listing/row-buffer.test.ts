import { afterEach, expect, test, vi } from "vitest";
import type { JobRow } from "./job-row.ts";
import { createRowBuffer } from "./row-buffer.ts";

const row = (at: number, sequence: number): JobRow => ({
  jobId: `job-${at}`,
  tenant: "a",
  state: 1,
  reason: 0,
  labels: [],
  operations: [],
  sequence,
});

function createRecordingBuffer() {
  const writes: JobRow[][] = [];
  const buffer = createRowBuffer((rows) => void writes.push([...rows]));
  return { writes, buffer };
}

afterEach(() => void vi.useRealTimers());

test("the newest row of each job is written once, 100 ms after the first", () => {
  vi.useFakeTimers();
  const { writes, buffer } = createRecordingBuffer();
  buffer.add(row(1, 5));
  buffer.add(row(1, 4));
  buffer.add(row(2, 6));
  expect(buffer.get("job-1")).toEqual(row(1, 5));
  vi.advanceTimersByTime(99);
  expect(writes).toEqual([]);
  vi.advanceTimersByTime(1);
  buffer.flush();
  expect(writes).toEqual([[row(1, 5), row(2, 6)]]);
});

test("250 rows are written at once, and a cleared buffer writes nothing", () => {
  vi.useFakeTimers();
  const { writes, buffer } = createRecordingBuffer();
  for (let at = 0; at < 250; at++) buffer.add(row(at, at));
  expect(writes.map(({ length }) => length)).toEqual([250]);
  buffer.add(row(1, 300));
  buffer.clear();
  vi.advanceTimersByTime(1_000);
  expect(writes).toHaveLength(1);
});
