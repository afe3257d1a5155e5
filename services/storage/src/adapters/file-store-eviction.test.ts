import { randomBytes } from "node:crypto";
import { readdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { hour, inChunks, mib, openStore, put } from "../../test/open-test-store.ts";
import type { BlobUse } from "../domain/blob-store.ts";
import type { FileStoreOptions } from "./file-store-options.ts";

test("expired blobs are swept, living and extended ones are not", async () => {
  const { store, clock } = await openStore();
  const [dies, lives, extended] = await Promise.all([
    put(store, randomBytes(9)),
    put(store, randomBytes(9), clock.nowMs + 9 * hour),
    put(store, randomBytes(9)),
  ]);
  clock.nowMs += 2 * hour;
  await store.stat(extended.sha256, clock.nowMs + hour);
  expect(await store.sweep()).toMatchObject({ visited: 3, removed: 1, freedBytes: 9 });
  await expect(store.stat(dies.sha256, 0)).rejects.toMatchObject({ reason: "BLOB_NOT_FOUND" });
  await store.stat(lives.sha256, 0);
  await store.stat(extended.sha256, 0);
  expect(store.stats()).toMatchObject({ blobs: 2, evicted: 1 });
});

test("each sweep is bounded, and repeated sweeps cover the whole store", async () => {
  const { store, clock } = await openStore({ sweepVisits: 10 });
  for (let n = 0; n < 60; n += 1) await put(store, Buffer.from(`blob ${n}`));
  clock.nowMs += 2 * hour;
  let removed = 0;
  for (let sweeps = 0; removed < 60; sweeps += 1) {
    const one = await store.sweep();
    expect(one.visited).toBeLessThan(20);
    expect(sweeps).toBeLessThan(10);
    removed += one.removed;
  }
});

test("a sweep after one that found all blobs alive rests, then visits all again", async () => {
  const { store, clock } = await openStore({ sweepRestMs: hour });
  await put(store, randomBytes(9));
  await put(store, randomBytes(9), clock.nowMs + 9 * hour);
  expect(await store.sweep()).toMatchObject({ visited: 2, removed: 0 });
  clock.nowMs += hour - 1;
  expect(await store.sweep()).toMatchObject({ visited: 0, removed: 0 });
  clock.nowMs += 1 + hour;
  expect(await store.sweep()).toMatchObject({ visited: 2, removed: 1 });
  // A sweep that removed something does not rest.
  expect(await store.sweep()).toMatchObject({ visited: 1, removed: 0 });
  expect(await store.sweep()).toMatchObject({ visited: 0 });
});

test("a full store evicts expired blobs, else refuses with STORAGE_FULL, and recovers by itself", async () => {
  const { store, clock, temps } = await openStore({ capacity: { maxBytes: 4 * mib, minFreeBytes: 0 } });
  await put(store, randomBytes(3 * mib), clock.nowMs + 5 * hour);
  await put(store, randomBytes(mib));
  await expect(put(store, randomBytes(mib))).rejects.toMatchObject({ reason: "STORAGE_FULL", retryAfterMs: 2_000 });
  const announced = { keepUntilMs: 0, sizeBytes: mib };
  await expect(store.put(inChunks(randomBytes(mib)), announced)).rejects.toMatchObject({ reason: "STORAGE_FULL" });
  expect(await temps()).toEqual([]);
  clock.nowMs += 2 * hour;
  await put(store, randomBytes(mib));
  expect(store.stats()).toMatchObject({ sizeBytes: 4 * mib, evicted: 1 });
});

test("a store refuses a put that would leave too little free space on its file system", async () => {
  const { store } = await openStore({ capacity: { maxBytes: 64 * mib, minFreeBytes: Number.MAX_SAFE_INTEGER } });
  await expect(put(store, randomBytes(10))).rejects.toMatchObject({ reason: "STORAGE_FULL" });
});

test("the sweep removes old quarantined blobs", async () => {
  const { store, directory, clock } = await openStore();
  await writeFile(join(directory, "quarantine", "old"), "x");
  await store.sweep();
  expect(await readdir(join(directory, "quarantine"))).toHaveLength(1);
  clock.nowMs += 2 * hour;
  await store.sweep();
  expect(await readdir(join(directory, "quarantine"))).toEqual([]);
});

/** Opens a store of 10 MiB with two outputs, and an input and a frame of job `j`; each of 2 MiB. */
async function openMixed(changes: Partial<FileStoreOptions> = {}) {
  const opened = await openStore({ capacity: { maxBytes: 10 * mib, minFreeBytes: 0 }, ...changes });
  const { store, clock } = opened;
  const untilMs = clock.nowMs + hour;
  const add = async (use: BlobUse, keepUntilMs = untilMs) =>
    (await store.put(inChunks(randomBytes(2 * mib)), { keepUntilMs, ...use })).sha256;
  const old = await add({}, clock.nowMs + 50 * hour);
  const output = await add({}, clock.nowMs + 50 * hour);
  const input = await add({ kind: "input", jobId: "j" });
  const frame = await add({ kind: "frame", jobId: "j" });
  const there = async () => {
    const found = await Promise.all(
      Object.entries({ old, output, input, frame }).map(async ([name, sha256]) => ({
        name,
        isThere: await store.stat(sha256, 0).then(
          () => true,
          () => false,
        ),
      })),
    );
    return found.filter(({ isThere }) => isThere).map(({ name }) => name);
  };
  return { ...opened, add, there, digests: { old, output, input, frame } };
}

test("a full store evicts frames first, then inputs, then outputs that were not used for long", async () => {
  const { store, clock, add, there } = await openMixed();
  await add({});
  await expect(add({})).rejects.toMatchObject({ reason: "STORAGE_FULL" });
  expect(await there()).toEqual(["old", "output", "input", "frame"]);
  expect(await store.release("j")).toBe(2);
  await add({});
  expect(await there()).toEqual(["old", "output", "input"]);
  await add({});
  expect(await there()).toEqual(["old", "output"]);
  await expect(add({})).rejects.toMatchObject({ reason: "STORAGE_FULL" });
  clock.nowMs += 2 * hour;
  await add({}, clock.nowMs + 50 * hour);
  expect(store.stats().byKind.output.evicted + store.stats().byKind.input.evicted).toBe(2);
});

test("a frame that two jobs need stays until both release it, and kinds survive a restart", async () => {
  const { store, directory, clock, add, there, digests } = await openMixed();
  await store.stat(digests.frame, clock.nowMs + hour / 2, { kind: "frame", jobId: "other" });
  await store.release("j", [digests.frame]);
  await add({});
  await expect(add({})).rejects.toMatchObject({ reason: "STORAGE_FULL" });
  await store.release("other");
  await add({});
  expect(await there()).toEqual(["old", "output", "input"]);

  const again = await openStore({ directory, capacity: { maxBytes: 10 * mib, minFreeBytes: 0 } });
  expect(again.store.stats().byKind).toMatchObject({ output: { blobs: 4 }, input: { blobs: 1 }, frame: { blobs: 0 } });
  // The frame was released and evicted before the restart; the input stays until its time.
  await expect(put(again.store, randomBytes(mib))).rejects.toMatchObject({ reason: "STORAGE_FULL" });
  again.clock.nowMs += hour / 2;
  await expect(put(again.store, randomBytes(mib))).rejects.toMatchObject({ reason: "STORAGE_FULL" });
  again.clock.nowMs += hour / 2 + 70_000;
  await put(again.store, randomBytes(mib));
});

test("released frames stay for their rest time while space is free, and are then deleted", async () => {
  const { store, clock, there } = await openMixed();
  await store.release("j");
  await store.sweep();
  expect(await there()).toEqual(["old", "output", "input", "frame"]);
  clock.nowMs += hour / 5;
  await store.sweep();
  expect(await there()).toEqual(["old", "output", "input"]);
  clock.nowMs += 24 * hour;
  await store.sweep();
  expect(await there()).toEqual(["old", "output"]);
});

test("an input that is also an output has the lifetime of an output", async () => {
  const { store, clock, digests } = await openMixed();
  await store.stat(digests.input, clock.nowMs + 5 * hour);
  expect(await store.release("j")).toBe(1);
  expect(await store.stat(digests.input, 0)).toMatchObject({ kind: "output" });
  expect((await store.stat(digests.input, 0)).keepUntilMs).toBeGreaterThanOrEqual(clock.nowMs + 5 * hour);
});

test("reserved space is available to its job alone until the job ends", async () => {
  const { store, clock } = await openStore({ capacity: { maxBytes: 4 * mib, minFreeBytes: 0 } });
  const request = { jobId: "j", key: "", bytes: 2 * mib, leastBytes: mib, untilMs: clock.nowMs + hour };
  await store.reserve(request);
  await store.reserve({ ...request, jobId: "k", bytes: mib });
  await expect(store.reserve({ ...request, jobId: "l" })).rejects.toMatchObject({ reason: "STORAGE_FULL" });
  await put(store, randomBytes(mib));
  await expect(put(store, randomBytes(10))).rejects.toMatchObject({ reason: "STORAGE_FULL" });
  await store.put(inChunks(randomBytes(2 * mib)), { keepUntilMs: 0, jobId: "j" });
  await store.release("k");
  await put(store, randomBytes(mib));
  expect(store.stats()).toMatchObject({ sizeBytes: 4 * mib, reservedBytes: 0 });
  await expect(store.reserve({ ...request, leastBytes: 5 * mib })).rejects.toMatchObject({
    reason: "OUTPUT_TOO_LARGE",
  });
});

test("a put of a blob that the evictor still lists settles in a full store", async () => {
  const { store } = await openStore({ capacity: { maxBytes: 4 * mib, minFreeBytes: 0 } });
  const bytes = randomBytes(1_000);
  const use = { keepUntilMs: 0, sizeBytes: bytes.length, kind: "frame", jobId: "j" } as const;
  const { sha256 } = await store.put(inChunks(bytes), use);
  await store.release("j");
  await store.delete(sha256);
  await put(store, randomBytes(4 * mib));
  const again = { keepUntilMs: 0, sizeBytes: bytes.length };
  await expect(store.put(inChunks(bytes), again)).rejects.toMatchObject({ reason: "STORAGE_FULL" });
});
