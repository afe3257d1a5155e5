import { randomBytes } from "node:crypto";
import { expect, test } from "vitest";
import { digestOf, hour, inChunks, mib, openStore, put, readAll } from "../../test/open-test-store.ts";

test("a full store evicts outputs of the lowest value first: large ones, and those that are used least", async () => {
  const { store, clock } = await openStore({ capacity: { maxBytes: 20 * mib, minFreeBytes: 0 } });
  const [small, used, large] = [randomBytes(mib / 4), randomBytes(6 * mib), randomBytes(6 * mib)];
  // The order of last use alone would keep `large`.
  for (const bytes of [small, used, large]) await put(store, bytes, clock.nowMs + 50 * hour);
  for (let n = 0; n < 3; n += 1) await readAll(store.open(digestOf(used), 0, 0));
  clock.nowMs += 2 * hour;
  await readAll(store.open(digestOf(large), 0, 0));
  clock.nowMs += 2 * hour;
  await put(store, randomBytes(8 * mib));
  expect((await store.stat(digestOf(small), 0)).sizeBytes).toBe(small.length);
  expect((await store.stat(digestOf(used), 0)).sizeBytes).toBe(used.length);
  await expect(store.stat(digestOf(large), 0)).rejects.toMatchObject({ reason: "BLOB_NOT_FOUND" });
});

test("a blob that was deleted and stored again has no old uses", async () => {
  const { store, clock } = await openStore({ capacity: { maxBytes: 20 * mib, minFreeBytes: 0 } });
  const [again, other] = [randomBytes(6 * mib), randomBytes(6 * mib)];
  for (let n = 0; n < 9; n += 1) await put(store, again, clock.nowMs + 50 * hour);
  await store.delete(digestOf(again));
  await put(store, again, clock.nowMs + 50 * hour);
  for (let n = 0; n < 3; n += 1) await put(store, other, clock.nowMs + 50 * hour);
  clock.nowMs += 4 * hour;
  await put(store, randomBytes(10 * mib));
  expect((await store.stat(digestOf(other), 0)).sizeBytes).toBe(other.length);
  await expect(store.stat(digestOf(again), 0)).rejects.toMatchObject({ reason: "BLOB_NOT_FOUND" });
});

test.each([
  ["given by the put", "put"],
  ["given when a result was used again", "stat"],
] as const)("of equal outputs those that save more time stay, %s, also after a restart", async (_, by) => {
  const capacity = { maxBytes: 20 * mib, minFreeBytes: 0 };
  const before = await openStore({ capacity });
  const { clock, directory } = before;
  const [quick, slow] = [randomBytes(6 * mib), randomBytes(6 * mib)];
  const keepUntilMs = clock.nowMs + 50 * hour;
  // The last use alone would keep `quick`.
  for (const [bytes, savedMs] of [
    [slow, 60_000],
    [quick, 20],
  ] as const) {
    await before.store.put(inChunks(bytes), { keepUntilMs, ...(by === "put" ? { savedMs } : {}) });
    if (by === "stat") await before.store.stat(digestOf(bytes), keepUntilMs, { savedMs });
  }
  const after = await openStore({ capacity, directory });
  after.clock.nowMs = clock.nowMs + 2 * hour;
  expect((await after.store.stat(digestOf(slow), 0)).savedMs).toBeGreaterThan(0.73 * 60_000);
  await put(after.store, randomBytes(10 * mib));
  expect((await after.store.stat(digestOf(slow), 0)).sizeBytes).toBe(slow.length);
  await expect(after.store.stat(digestOf(quick), 0)).rejects.toMatchObject({ reason: "BLOB_NOT_FOUND" });
});

test("a released frame keeps its saved time, and gets and evictions are measured", async () => {
  const { store, clock } = await openStore({ capacity: { maxBytes: 20 * mib, minFreeBytes: 0 } });
  const frame = randomBytes(6 * mib);
  const use = { kind: "frame", jobId: "a", savedMs: 3_000 } as const;
  await store.put(inChunks(frame), { keepUntilMs: clock.nowMs + hour, ...use });
  const { savedMs } = await store.stat(digestOf(frame), 0);
  await store.release("a");
  expect((await store.stat(digestOf(frame), 0)).savedMs).toBe(savedMs);
  await readAll(store.open(digestOf(frame), 0, 0));
  const { gets, retrievalSeconds, evictedAgeSeconds } = store.stats();
  expect([gets, evictedAgeSeconds]).toEqual([1, 0]);
  expect(retrievalSeconds).toBeGreaterThanOrEqual(0);
  const idleSeconds = 7_200;
  clock.nowMs += idleSeconds * 1_000;
  await put(store, randomBytes(16 * mib));
  // The use was recorded by the clock of the file system, which the test's clock follows within seconds.
  expect(Math.abs(store.stats().evictedAgeSeconds - idleSeconds)).toBeLessThan(120);
});
