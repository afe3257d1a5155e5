import { randomBytes } from "node:crypto";
import { mkdir, readdir, readFile, stat, utimes, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { expect, test } from "vitest";
import { digestOf, hour, mib, openStore, put, readAll } from "../../test/open-test-store.ts";

const kib = 1024;

test("bytes that are put at once are read at once and in chunks, also after a restart", async () => {
  const { store, directory, pathOf, temps, clock } = await openStore();
  const keepUntilMs = clock.nowMs + 5 * hour;
  for (const size of [0, 1, 700, 64 * kib]) {
    const bytes = randomBytes(size);
    const sha256 = digestOf(bytes);
    expect(await store.putBytes(bytes, { keepUntilMs, kind: "input" })).toEqual({
      sha256,
      sizeBytes: size,
      keepUntilMs,
      kind: "input",
      savedMs: 0,
      existed: false,
    });
    expect((await readFile(pathOf(sha256))).equals(bytes)).toBe(true);
    const again = await openStore({ directory });
    for (const { store: either } of [{ store }, again]) {
      expect((await either.readBytes(sha256, 64 * kib)).equals(bytes)).toBe(true);
      expect((await readAll(either.open(sha256, 0, 0))).equals(bytes)).toBe(true);
      expect(await either.stat(sha256, 0)).toMatchObject({ keepUntilMs, kind: "input" });
    }
  }
  expect(await temps()).toEqual([]);
  expect(store.stats()).toMatchObject({ blobs: 4, sizeBytes: 0 + 1 + 700 + 64 * kib });
});

test("equal bytes are stored once, however they are put", async () => {
  const { store, pathOf, clock } = await openStore();
  const bytes = randomBytes(1_000);
  const results = await Promise.all(Array.from({ length: 20 }, () => store.putBytes(bytes, { keepUntilMs: 0 })));
  expect(results.filter(({ existed }) => !existed)).toHaveLength(1);
  const { ino } = await stat(pathOf(digestOf(bytes)));
  expect(await put(store, bytes)).toMatchObject({ existed: true });
  const extended = await store.putBytes(bytes, { keepUntilMs: clock.nowMs + 20 * hour });
  expect(extended.keepUntilMs).toBeGreaterThanOrEqual(clock.nowMs + 20 * hour);
  expect((await stat(pathOf(digestOf(bytes)))).ino).toBe(ino);
  expect(store.stats()).toMatchObject({ blobs: 1, sizeBytes: 1_000, puts: 22, putsDeduplicated: 21 });
});

test("bytes that are not the announced ones are refused and leave nothing", async () => {
  const { store, temps } = await openStore({ maxBlobBytes: 500 });
  const bytes = randomBytes(100);
  const wrong = digestOf(randomBytes(1));
  await expect(store.putBytes(bytes, { keepUntilMs: 0, sha256: wrong })).rejects.toMatchObject({
    reason: "DIGEST_MISMATCH",
  });
  await expect(store.putBytes(bytes, { keepUntilMs: 0, sizeBytes: 99 })).rejects.toMatchObject({
    reason: "INVALID_ARGUMENT",
  });
  await expect(store.putBytes(randomBytes(501), { keepUntilMs: 0 })).rejects.toMatchObject({
    reason: "INVALID_ARGUMENT",
  });
  expect(store.stats()).toMatchObject({ blobs: 0, sizeBytes: 0 });
  expect(await temps()).toEqual([]);
});

test("a read of a missing or larger blob fails", async () => {
  const { store } = await openStore();
  await expect(store.readBytes(digestOf(randomBytes(1)), kib)).rejects.toMatchObject({ reason: "BLOB_NOT_FOUND" });
  const { sha256 } = await store.putBytes(randomBytes(kib + 1), { keepUntilMs: 0 });
  await expect(store.readBytes(sha256, kib)).rejects.toMatchObject({ reason: "INVALID_ARGUMENT" });
  expect(await store.readBytes(sha256, kib + 1)).toHaveLength(kib + 1);
});

test("changed bytes with size and times unchanged are never read at once: they are quarantined and can be put again", async () => {
  const { store, directory, corrupt, pathOf } = await openStore();
  const bytes = randomBytes(900);
  const { sha256 } = await store.putBytes(bytes, { keepUntilMs: 0 });
  const before = await stat(pathOf(sha256));
  const broken = Buffer.from(bytes);
  broken[300]! ^= 1;
  await writeFile(pathOf(sha256), broken);
  await utimes(pathOf(sha256), before.atime, before.mtimeMs / 1000);
  await expect(store.readBytes(sha256, kib)).rejects.toMatchObject({ reason: "BLOB_CORRUPT" });
  expect(corrupt).toEqual([sha256]);
  expect(await readdir(join(directory, "quarantine"))).toHaveLength(1);
  await expect(store.readBytes(sha256, kib)).rejects.toMatchObject({ reason: "BLOB_NOT_FOUND" });
  expect(await store.putBytes(bytes, { keepUntilMs: 0 })).toMatchObject({ existed: false });
  expect((await store.readBytes(sha256, kib)).equals(bytes)).toBe(true);
});

test("a put replaces a file of the same name with other bytes", async () => {
  const { store, pathOf, corrupt } = await openStore();
  const bytes = randomBytes(50);
  const path = pathOf(digestOf(bytes));
  await mkdir(dirname(path), { recursive: true });
  await writeFile(path, randomBytes(50));
  expect(await store.putBytes(bytes, { keepUntilMs: 0 })).toMatchObject({ existed: false });
  expect((await readFile(path)).equals(bytes)).toBe(true);
  expect(corrupt).toEqual([digestOf(bytes)]);
});

test("a put that the disk refuses is typed and leaves neither a temporary file nor allocated space", async () => {
  const { store, directory, temps } = await openStore();
  const bytes = randomBytes(80);
  // A file where the blob's directory should be.
  await writeFile(join(directory, "blobs", digestOf(bytes).slice(0, 2)), "");
  await expect(store.putBytes(bytes, { keepUntilMs: 0 })).rejects.toMatchObject({ reason: "STORAGE_UNAVAILABLE" });
  expect(await temps()).toEqual([]);
  expect(store.stats()).toMatchObject({ blobs: 0, sizeBytes: 0, refused: { disk: 1 } });
});

test("puts at once are limited by the capacity of the store", async () => {
  const { store, temps } = await openStore({ capacity: { maxBytes: mib, minFreeBytes: 0 } });
  for (let n = 0; n < 16; n++) await store.putBytes(randomBytes(64 * kib), { keepUntilMs: 0 });
  await expect(store.putBytes(randomBytes(1), { keepUntilMs: 0 })).rejects.toMatchObject({ reason: "STORAGE_FULL" });
  expect(store.stats()).toMatchObject({ blobs: 16, sizeBytes: mib });
  expect(await temps()).toEqual([]);
});
