import { AppError } from "@pixelmesh/errors";
import { expect, onTestFinished, test } from "vitest";
import type { TestTask } from "../test/task-thread.ts";
import { createThreads, type ThreadContext } from "./index.ts";

const module = new URL("../test/task-thread.ts", import.meta.url);
const never: ThreadContext = { signal: new AbortController().signal, onProgress() {} };

function open(size: number) {
  const threads = createThreads<TestTask, { threadId: number; data: Uint8Array }>(module, { size });
  onTestFinished(threads.close);
  return threads;
}
const invert = (data: Uint8Array) => ({ kind: "invert", picture: { data } }) as const;

test("a task runs in another thread, and its bytes are transferred, not copied", async () => {
  const data = new Uint8Array(3_000_000).fill(5);
  const progress: number[] = [];
  const done = await open(1).run(invert(data), { ...never, onProgress: (fraction) => progress.push(fraction) });
  expect(done.threadId).toBeGreaterThan(0);
  expect(done.data).toHaveLength(3_000_000);
  expect(done.data.every((value) => value === 250)).toBe(true);
  expect(data.byteLength).toBe(0);
  expect(progress).toEqual([1]);
});

test("bytes within a larger buffer are copied, and the buffer stays usable", async () => {
  const whole = new Uint8Array(5_000_000).fill(1);
  const done = await open(1).run(invert(whole.subarray(1_000, 4_000_000)), never);
  expect(done.data).toHaveLength(3_999_000);
  expect(done.data.every((value) => value === 254)).toBe(true);
  expect(whole.byteLength).toBe(5_000_000);
});

test("shared memory is used by both threads", async () => {
  const data = new Uint8Array(new SharedArrayBuffer(4), 1, 2);
  await open(1).run({ kind: "fill", picture: { data } }, never);
  expect([...new Uint8Array(data.buffer)]).toEqual([0, 9, 9, 0]);
});

test("there are at most `size` threads; further tasks wait", async () => {
  const threads = open(2);
  const done = await Promise.all(Array.from({ length: 8 }, (_, at) => threads.run(invert(Uint8Array.of(at)), never)));
  expect(done.map(({ data }) => data[0])).toEqual([255, 254, 253, 252, 251, 250, 249, 248]);
  expect(new Set(done.map(({ threadId }) => threadId)).size).toBeLessThanOrEqual(2);
});

test("failures keep their reason and cause, and the thread runs the next task", async () => {
  const threads = open(1);
  await expect(threads.run({ kind: "refuse" }, never)).rejects.toMatchObject({ reason: "RESULT_INVALID" });
  const failure = await threads.run({ kind: "throw" }, never).catch((error: unknown) => error);
  expect(failure).toMatchObject({ reason: "INTERNAL", cause: expect.stringContaining("TypeError: a bug") });
  expect((await threads.run(invert(Uint8Array.of(1)), never)).data[0]).toBe(254);
});

test("when a thread dies, only its own task fails", async () => {
  const threads = open(1);
  const dying = threads.run({ kind: "die" }, never);
  const next = threads.run(invert(Uint8Array.of(1)), never);
  await expect(dying).rejects.toMatchObject({ reason: "INTERNAL" });
  expect((await next).data[0]).toBe(254);
});

test("an aborted task rejects with the signal's reason, running or waiting, and frees its thread", async () => {
  const threads = open(1);
  const [running, waiting] = [new AbortController(), new AbortController()];
  const first = threads.run({ kind: "wait" }, { ...never, signal: running.signal });
  const second = threads.run({ kind: "wait" }, { ...never, signal: waiting.signal });
  const third = threads.run(invert(Uint8Array.of(1)), never);
  setTimeout(() => waiting.abort(new AppError("CANCELLED", "second")), 50);
  await expect(second).rejects.toMatchObject({ message: "second" });
  running.abort(new AppError("CANCELLED", "first"));
  await expect(first).rejects.toMatchObject({ message: "first" });
  expect((await third).data[0]).toBe(254);
});

test("closing ends running tasks with STOPPING", async () => {
  const threads = open(1);
  const running = threads.run({ kind: "wait" }, never);
  const stopped = expect(running).rejects.toMatchObject({ reason: "STOPPING" });
  await threads.run(invert(Uint8Array.of(1)), { ...never, signal: AbortSignal.timeout(50) }).catch(() => {});
  await threads.close();
  await stopped;
  await expect(threads.run({ kind: "wait" }, never)).rejects.toMatchObject({ reason: "STOPPING" });
});
