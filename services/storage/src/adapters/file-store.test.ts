import { randomBytes } from "node:crypto";
import { readdir, readFile, rename, stat, utimes, writeFile } from "node:fs/promises";
import { hostname } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { collect, digestOf, hour, inChunks, mib, openStore, put, readAll } from "../../test/open-test-store.ts";

test("bytes are read as they were put, under their digest, also after a restart", async () => {
  const { store, directory, pathOf } = await openStore();
  const puts = [];
  for (const size of [0, 1, mib - 1, mib, mib + 1, 3 * mib + 17]) {
    const bytes = randomBytes(size);
    const result = await put(store, bytes);
    expect(result).toMatchObject({ sha256: digestOf(bytes), sizeBytes: size, existed: false });
    expect((await readAll(store.open(result.sha256, 0, 0))).equals(bytes)).toBe(true);
    expect((await readFile(pathOf(result.sha256))).equals(bytes)).toBe(true);
    puts.push({ bytes, result });
  }
  const again = await openStore({ directory });
  for (const { bytes, result } of puts) {
    expect((await readAll(again.store.open(result.sha256, 0, 0))).equals(bytes)).toBe(true);
    expect((await again.store.stat(result.sha256, 0)).keepUntilMs).toBe(result.keepUntilMs);
  }
  expect(again.store.stats()).toMatchObject({ blobs: store.stats().blobs, sizeBytes: store.stats().sizeBytes });
});

test("ranges are exact to the byte at every edge", async () => {
  const { store } = await openStore();
  const bytes = randomBytes(2 * mib + 5);
  const { sha256 } = await put(store, bytes);
  const edges = [
    [0, 1],
    [mib - 1, 2],
    [mib, mib],
    [2 * mib + 4, 1],
    [2 * mib + 4, 9],
    [bytes.length, 0],
    [5, 0],
  ] as const;
  for (const [offset, length] of edges) {
    const reference = bytes.subarray(offset, length === 0 ? undefined : offset + length);
    await using blob = await store.open(sha256, offset, length);
    expect(blob).toMatchObject({ offsetBytes: offset, lengthBytes: reference.length });
    expect((await collect(blob.chunks)).equals(reference)).toBe(true);
  }
  await expect(store.open(sha256, bytes.length + 1, 0)).rejects.toMatchObject({ reason: "INVALID_ARGUMENT" });
});

test("equal bytes are stored once, and their lifetime is only extended", async () => {
  const { store, clock, pathOf } = await openStore();
  const bytes = randomBytes(10_000);
  const first = await put(store, bytes, clock.nowMs + 50 * hour);
  const before = await stat(pathOf(first.sha256));
  const second = await put(store, bytes);
  expect(second).toEqual({ ...first, existed: true });
  const third = await store.put(inChunks(bytes), { sha256: first.sha256, keepUntilMs: clock.nowMs + 60 * hour });
  expect(third.existed).toBe(true);
  expect(third.keepUntilMs).toBeGreaterThanOrEqual(clock.nowMs + 60 * hour);
  expect((await stat(pathOf(first.sha256))).ino).toBe(before.ino);
  expect((await store.stat(first.sha256, 0)).keepUntilMs).toBe(third.keepUntilMs);
  const extended = await store.stat(first.sha256, clock.nowMs + 90 * hour);
  expect(extended.keepUntilMs).toBeGreaterThanOrEqual(clock.nowMs + 90 * hour);
  expect(store.stats()).toMatchObject({ blobs: 1, puts: 3, putsDeduplicated: 2, sizeBytes: 10_000 });
});

test("a small upload of existing bytes is not written again", async () => {
  const { store, directory, temps } = await openStore();
  const bytes = randomBytes(10_000);
  const small = () => store.put(inChunks(bytes, 4_000), { keepUntilMs: 0, sizeBytes: bytes.length });
  expect(await small()).toMatchObject({ sha256: digestOf(bytes), existed: false });
  expect((await readAll(store.open(digestOf(bytes), 0, 0))).equals(bytes)).toBe(true);
  // A temporary file would change the time of its directory.
  const { mtimeNs } = await stat(join(directory, "tmp"), { bigint: true });
  expect(await small()).toMatchObject({ sha256: digestOf(bytes), existed: true });
  expect((await stat(join(directory, "tmp"), { bigint: true })).mtimeNs).toBe(mtimeNs);
  const wrong = store.put(inChunks(bytes), { keepUntilMs: 0, sizeBytes: 9_999 });
  await expect(wrong).rejects.toMatchObject({ reason: "INVALID_ARGUMENT" });
  expect(await temps()).toEqual([]);
});

test("many concurrent puts of the same bytes store one intact blob", async () => {
  const { store, temps } = await openStore();
  const bytes = randomBytes(mib + 3);
  const results = await Promise.all(
    Array.from({ length: 12 }, (_, n) => put(store, bytes, Date.now() + (n + 2) * hour)),
  );
  expect(results.filter((one) => !one.existed)).toHaveLength(1);
  expect((await readAll(store.open(digestOf(bytes), 0, 0))).equals(bytes)).toBe(true);
  const { keepUntilMs } = await store.stat(digestOf(bytes), 0);
  for (const one of results) expect(keepUntilMs).toBeGreaterThanOrEqual(one.keepUntilMs);
  expect(store.stats()).toMatchObject({ blobs: 1, sizeBytes: bytes.length });
  expect(await temps()).toEqual([]);
});

test("bytes that differ from their announcement are refused and leave nothing", async () => {
  const { store, temps } = await openStore();
  const bytes = randomBytes(1000);
  const announced = { keepUntilMs: 0, sha256: digestOf(randomBytes(8)) };
  await expect(store.put(inChunks(bytes), announced)).rejects.toMatchObject({ reason: "DIGEST_MISMATCH" });
  for (const sizeBytes of [999, 1001, 33 * mib]) {
    const wrong = store.put(inChunks(bytes), { keepUntilMs: 0, sizeBytes });
    await expect(wrong).rejects.toMatchObject({ reason: "INVALID_ARGUMENT" });
  }
  await expect(put(store, Buffer.alloc(32 * mib + 1))).rejects.toMatchObject({ reason: "INVALID_ARGUMENT" });
  expect(store.stats()).toMatchObject({ blobs: 0, sizeBytes: 0 });
  expect(await temps()).toEqual([]);
});

test("an upload that breaks off or is cancelled leaves no temporary file and no allocated space", async () => {
  const { store, temps } = await openStore({ capacity: { maxBytes: 2 * mib, minFreeBytes: 0 } });
  async function* breaking() {
    yield randomBytes(mib);
    throw new Error("connection reset");
  }
  await expect(store.put(breaking(), { keepUntilMs: 0 })).rejects.toThrow("connection reset");
  const controller = new AbortController();
  async function* cancelling() {
    yield randomBytes(mib);
    controller.abort();
    yield randomBytes(1);
  }
  await expect(store.put(cancelling(), { keepUntilMs: 0 }, controller.signal)).rejects.toThrow("aborted");
  expect(await temps()).toEqual([]);
  await put(store, randomBytes(2 * mib));
});

test("delete returns whether the blob existed", async () => {
  const { store } = await openStore();
  const { sha256 } = await put(store, randomBytes(10));
  expect([await store.delete(sha256), await store.delete(sha256)]).toEqual([true, false]);
  expect(store.stats()).toMatchObject({ blobs: 0, sizeBytes: 0 });
});

test("temporary files of dead processes are removed at the start, those of living ones are not", async () => {
  const { directory } = await openStore();
  const here = hostname().replaceAll(/[^\w.-]/g, "_");
  const dead = join(directory, "tmp", `${here}~4194999~1.part`);
  const living = join(directory, "tmp", `${here}~${process.ppid}~1.part`);
  const stale = join(directory, "tmp", "elsewhere~1~1.part");
  for (const path of [dead, living, stale]) await writeFile(path, "half");
  await utimes(stale, 1, 1);
  await openStore({ directory });
  expect(await readdir(join(directory, "tmp"))).toEqual([`${here}~${process.ppid}~1.part`]);
});

test("a store whose directories are unreachable reports STORAGE_UNAVAILABLE, not missing blobs", async () => {
  const { store, directory } = await openStore();
  const { sha256 } = await put(store, randomBytes(100));
  await rename(join(directory, "blobs"), join(directory, "away"));
  await expect(store.open(sha256, 0, 0)).rejects.toMatchObject({ reason: "STORAGE_UNAVAILABLE" });
  await expect(store.stat(sha256, 0)).rejects.toMatchObject({ reason: "STORAGE_UNAVAILABLE" });
  await rename(join(directory, "away"), join(directory, "blobs"));
  await store.stat(sha256, 0);
  expect(store.stats().refused).toEqual({ full: 0, disk: 2 });
});
