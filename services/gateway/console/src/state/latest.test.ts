import { expect, test, vi } from "vitest";
import { createLatest } from "./latest.ts";

/** Runs that end when the test says so, or when they are aborted. */
function controlledRuns() {
  const runs: { value: number; end: () => void; isAborted: boolean }[] = [];
  const run = (value: number, signal: AbortSignal) =>
    new Promise<void>((resolve) => {
      const entry = { value, end: resolve, isAborted: false };
      signal.addEventListener("abort", () => {
        entry.isAborted = true;
        resolve();
      });
      runs.push(entry);
    });
  return { runs, run };
}

test("Values that arrive during a young run wait, and only the newest of them runs", async () => {
  vi.useFakeTimers();
  const { runs, run } = controlledRuns();
  const latest = createLatest(run, 80);
  for (const value of [1, 2, 3, 4]) latest.push(value);
  expect(runs.map(({ value }) => value)).toEqual([1]);
  runs[0]?.end();
  await vi.advanceTimersByTimeAsync(0);
  expect(runs.map(({ value }) => value)).toEqual([1, 4]);
  expect(runs.some(({ isAborted }) => isAborted)).toBe(false);
  vi.useRealTimers();
});

test("A run that takes too long is aborted for a newer value, whichever comes first", async () => {
  vi.useFakeTimers();
  const { runs, run } = controlledRuns();
  const latest = createLatest(run, 80);
  latest.push(1);
  latest.push(2);
  await vi.advanceTimersByTimeAsync(80);
  expect(runs.map(({ value, isAborted }) => [value, isAborted])).toEqual([
    [1, true],
    [2, false],
  ]);
  await vi.advanceTimersByTimeAsync(200);
  latest.push(3);
  await vi.advanceTimersByTimeAsync(0);
  expect(runs.map(({ value, isAborted }) => [value, isAborted])).toEqual([
    [1, true],
    [2, true],
    [3, false],
  ]);
  vi.useRealTimers();
});

test("stop aborts the run and drops the value that waits", async () => {
  const { runs, run } = controlledRuns();
  const latest = createLatest(run, 80);
  latest.push(1);
  latest.push(2);
  latest.stop();
  await Promise.resolve();
  await Promise.resolve();
  expect(runs.map(({ value, isAborted }) => [value, isAborted])).toEqual([[1, true]]);
});
