import { randomBytes } from "node:crypto";
import { expect, test } from "vitest";
import { digestOf, hour, mib, openStore, put, readAll } from "../../test/open-test-store.ts";

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
