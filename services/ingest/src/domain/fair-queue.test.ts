import { expect, test } from "vitest";
import { createFairQueue } from "./fair-queue.ts";

const never = new AbortController().signal;

/** A queue whose tasks end on `end`, and the order in which they started. */
function createControlledQueue(concurrency: number) {
  const queue = createFairQueue(concurrency);
  const started: string[] = [];
  const ends = new Map<string, () => void>();
  const add = (name: string, tenant: string, isInteractive = true, signal = never) =>
    queue.run({ tenant, isInteractive }, signal, async () => {
      started.push(name);
      await new Promise<void>((resolve) => ends.set(name, resolve));
      return name;
    });
  const end = async (name: string) => {
    await new Promise((resolve) => setImmediate(resolve));
    ends.get(name)?.();
    await new Promise((resolve) => setImmediate(resolve));
  };
  return { queue, started, add, end };
}

test("at most `concurrency` tasks run at once, and the next one starts when one ends", async () => {
  const { queue, started, add, end } = createControlledQueue(2);
  for (const name of ["a1", "a2", "a3"]) void add(name, "a");
  await end("none");
  expect([started, queue.running, queue.waiting]).toEqual([["a1", "a2"], 2, 1]);
  await end("a1");
  expect([started, queue.running, queue.waiting]).toEqual([["a1", "a2", "a3"], 2, 0]);
  await end("a2");
  await end("a3");
  expect(queue.running).toBe(0);
});

test("after a flood of one tenant, another tenant's first task is next, and then the tenants take turns", async () => {
  const { started, add, end } = createControlledQueue(2);
  for (let at = 1; at <= 6; at++) void add(`flood${at}`, "flood");
  void add("one", "other");
  void add("two", "other");
  await end("flood1");
  expect(started).toEqual(["flood1", "flood2", "one"]);
  await end("flood2");
  expect(started.at(-1)).toBe("flood3");
  await end("one");
  expect(started.at(-1)).toBe("two");
});

test("interactive tasks go before batch tasks, even if their tenant has more running tasks", async () => {
  const { started, add, end } = createControlledQueue(1);
  void add("a1", "a");
  void add("batch", "b", false);
  void add("a2", "a");
  await end("a1");
  await end("a2");
  expect(started).toEqual(["a1", "a2", "batch"]);
});

test("an aborted task leaves the queue, and a failed task lets the next one start", async () => {
  const { queue, started, add, end } = createControlledQueue(1);
  const gone = new AbortController();
  void add("first", "a");
  const second = add("second", "a", true, gone.signal);
  const failing = queue.run({ tenant: "a", isInteractive: true }, never, () => Promise.reject(new Error("fails")));
  const outcomes = Promise.allSettled([second, failing]);
  gone.abort(new Error("gone"));
  await end("first");
  expect((await outcomes).map((each) => each.status === "rejected" && each.reason.message)).toEqual(["gone", "fails"]);
  expect([started, queue.running, queue.waiting]).toEqual([["first"], 0, 0]);
});
