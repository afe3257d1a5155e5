import { expect, test, vi } from "vitest";
import { createPace } from "./pace.ts";

/** Records what `note` is called with in each iteration of the event loop. */
async function iterationsOf(work: (note: (name: string) => void) => Promise<unknown>): Promise<string[][]> {
  const seen: string[][] = [[]];
  let isRunning = true;
  const next = () => {
    seen.push([]);
    if (isRunning) setImmediate(next);
  };
  setImmediate(next);
  await work((name) => seen.at(-1)!.push(name));
  isRunning = false;
  return seen;
}

async function runSteps(name: string, note: (name: string) => void): Promise<void> {
  const pace = createPace(undefined, 10);
  for (let step = 0; step < 5; step++) {
    await pace(10);
    note(name);
  }
}

test("of several paces one continues in each iteration of the event loop, in turn", async () => {
  const seen = await iterationsOf((note) => Promise.all(["a", "b", "c"].map((name) => runSteps(name, note))));
  for (const names of seen) expect(names.length).toBeLessThanOrEqual(1);
  expect(seen.flat().join("")).toBe("abcabcabcabcabc");
});

test("a turn ends after its pixels", async () => {
  vi.useFakeTimers({ toFake: ["performance"] });
  const pace = createPace(undefined, 100);
  let hasYielded = false;
  setImmediate(() => {
    hasYielded = true;
  });
  await pace(60);
  await pace(39);
  expect(hasYielded).toBe(false);
  await pace(1);
  expect(hasYielded).toBe(true);
  vi.useRealTimers();
});

test("a turn ends after 4 ms", async () => {
  vi.useFakeTimers({ toFake: ["performance"] });
  const pace = createPace(undefined, 100);
  let hasYielded = false;
  setImmediate(() => {
    hasYielded = true;
  });
  vi.advanceTimersByTime(3);
  await pace(1);
  expect(hasYielded).toBe(false);
  vi.advanceTimersByTime(1);
  await pace(1);
  expect(hasYielded).toBe(true);
  vi.useRealTimers();
});

test("an abort rejects at the end of the turn and does not hold up other paces", async () => {
  const controller = new AbortController();
  const aborted = createPace(controller.signal, 1);
  const other = createPace(undefined, 1);
  const reason = new Error("stop");
  const both = Promise.allSettled([aborted(1), other(1)]);
  controller.abort(reason);
  expect(await both).toEqual([
    { status: "rejected", reason },
    { status: "fulfilled", value: undefined },
  ]);
});
