import { createByteBudget } from "@pixelmesh/rpc";
import { expect, test } from "vitest";
import { chargeRequests, openResponseMemory } from "./bound-memory.ts";

const kib = 1024;
const mib = 1024 * kib;
const { signal } = new AbortController();

async function* messages(...sizes: readonly number[]) {
  for (const size of sizes) yield new Uint8Array(size);
}

test("requests take 3 times the largest one and up to 1 MiB that is kept, and only the latter after the last one", async () => {
  const uploads = createByteBudget({ totalBytes: 64 * mib, name: "uploads" });
  const { requests, release } = chargeRequests(messages(100 * kib, mib, mib, 10), uploads);
  const used: number[] = [];
  for await (const _ of requests) used.push(uploads.usedBytes);
  // 3 × 100 KiB + 100 KiB; 3 MiB + 1 MiB from then on.
  expect(used).toEqual([400 * kib, 4 * mib, 4 * mib, 4 * mib]);
  expect(uploads.usedBytes).toBe(mib);
  release();
  release();
  expect(uploads.usedBytes).toBe(0);
});

test("requests are refused with RetryInfo when the uploads of the process have no memory left", async () => {
  const uploads = createByteBudget({ totalBytes: 2 * mib, name: "uploads" });
  const { requests, release } = chargeRequests(messages(10, mib), uploads);
  await requests.next();
  await expect(requests.next()).rejects.toMatchObject({ reason: "QUEUE_FULL", retryAfterMs: 1_000 });
  release();
  expect(uploads.usedBytes).toBe(0);
});

test("a request that arrives after the end of its call takes nothing", async () => {
  const uploads = createByteBudget({ totalBytes: 64 * mib, name: "uploads" });
  const late = Promise.withResolvers<void>();
  async function* arriving() {
    yield new Uint8Array(mib);
    await late.promise;
    yield new Uint8Array(mib);
  }
  const { requests, close } = chargeRequests(arriving(), uploads);
  await requests.next();
  const next = requests.next();
  close();
  late.resolve();
  expect(await next).toMatchObject({ done: true });
  expect(uploads.usedBytes).toBe(0);
});

test("small responses take nothing; larger ones take the window and 3 times the largest", async () => {
  const downloads = createByteBudget({ totalBytes: 64 * mib, name: "downloads" });
  const memory = openResponseMemory(downloads);
  await memory.charge(64 * kib, signal);
  expect(downloads.usedBytes).toBe(0);
  await memory.charge(256 * kib, signal);
  expect(downloads.usedBytes).toBe(1.25 * mib);
  await memory.charge(200 * kib, signal);
  expect(downloads.usedBytes).toBe(1.25 * mib);
  await memory.charge(mib, signal);
  expect(downloads.usedBytes).toBe(3.5 * mib);
  memory.release();
  memory.release();
  expect(downloads.usedBytes).toBe(0);
});

test("a response waits for the memory of others", async () => {
  const downloads = createByteBudget({ totalBytes: 2 * mib, name: "downloads" });
  const [first, second] = [openResponseMemory(downloads), openResponseMemory(downloads)];
  await first.charge(256 * kib, signal);
  let isCharged = false;
  const waiting = second.charge(256 * kib, signal).then(() => {
    isCharged = true;
  });
  await new Promise(setImmediate);
  expect(isCharged).toBe(false);
  first.release();
  await waiting;
  second.release();
  expect(downloads.usedBytes).toBe(0);
});
