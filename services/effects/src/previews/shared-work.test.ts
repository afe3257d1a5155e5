import { expect, test } from "vitest";
import { createSharedWork } from "./shared-work.ts";

const never = new AbortController().signal;

/** Work that ends when told to, and counts its starts. */
function createWork() {
  const { promise, resolve, reject } = Promise.withResolvers<string>();
  const signals: AbortSignal[] = [];
  const work = (signal: AbortSignal) => {
    signals.push(signal);
    return promise;
  };
  return { work, signals, resolve, reject };
}

test("callers of one key share one run, and the next one starts anew", async () => {
  const shared = createSharedWork<string>();
  const { work, signals, resolve } = createWork();
  const calls = [shared.run("a", work, never), shared.run("a", work, never)];
  expect(signals).toHaveLength(1);
  expect(await Promise.race([shared.run("b", async () => "other", never)])).toBe("other");
  resolve("done");
  expect(await Promise.all(calls)).toEqual(["done", "done"]);
  await shared.run("a", work, never);
  expect(signals).toHaveLength(2);
  expect(signals.some(({ aborted }) => aborted)).toBe(false);
});

test("a caller that leaves does not end the work of the others", async () => {
  const shared = createSharedWork<string>();
  const { work, signals, resolve } = createWork();
  const leaving = new AbortController();
  const first = shared.run("a", work, leaving.signal);
  const second = shared.run("a", work, never);
  leaving.abort(new Error("left"));
  await expect(first).rejects.toThrow("left");
  expect(signals[0]?.aborted).toBe(false);
  resolve("done");
  expect(await second).toBe("done");
});

test("work that all callers have left is aborted, and not joined any more", async () => {
  const shared = createSharedWork<string>();
  const { work, signals } = createWork();
  const leaving = new AbortController();
  const calls = [shared.run("a", work, leaving.signal), shared.run("a", work, leaving.signal)];
  leaving.abort(new Error("left"));
  for (const call of calls) await expect(call).rejects.toThrow("left");
  expect(signals[0]?.aborted).toBe(true);
  expect(await shared.run("a", async () => "again", never)).toBe("again");
  await expect(shared.run("a", work, leaving.signal)).rejects.toThrow("left");
  expect(signals).toHaveLength(1);
});

test("a failure reaches all callers once", async () => {
  const shared = createSharedWork<string>();
  const { work, reject } = createWork();
  const calls = [shared.run("a", work, never), shared.run("a", work, never)];
  reject(new Error("broken"));
  for (const call of calls) await expect(call).rejects.toThrow("broken");
  expect(await shared.run("a", async () => "repaired", never)).toBe("repaired");
});
