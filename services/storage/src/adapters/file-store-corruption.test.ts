import { randomBytes } from "node:crypto";
import { readdir, stat, truncate, utimes, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { collect, digestOf, hour, inChunks, mib, openStore, put, readAll } from "../../test/open-test-store.ts";

test("a blob whose bytes changed on disk is never read completely, is quarantined, and can be put again", async () => {
  for (const size of [100, 3 * mib]) {
    const { store, directory, corrupt, pathOf } = await openStore();
    const bytes = randomBytes(size);
    const { sha256 } = await put(store, bytes);
    const broken = Buffer.from(bytes);
    broken[size - 7]! ^= 1;
    await writeFile(pathOf(sha256), broken);

    await using blob = await store.open(sha256, 0, 0);
    let received = 0;
    const reading = (async () => {
      for await (const chunk of blob.chunks) received += chunk.length;
    })();
    await expect(reading).rejects.toMatchObject({ reason: "BLOB_CORRUPT" });
    expect(received).toBeLessThan(size);
    expect(corrupt).toEqual([sha256]);
    expect(await readdir(join(directory, "quarantine"))).toHaveLength(1);
    await expect(store.open(sha256, 0, 0)).rejects.toMatchObject({ reason: "BLOB_NOT_FOUND" });
    expect(store.stats()).toMatchObject({ blobs: 0, sizeBytes: 0, corrupt: 1 });

    expect(await put(store, bytes)).toMatchObject({ existed: false });
    expect((await readAll(store.open(sha256, 0, 0))).equals(bytes)).toBe(true);
  }
});

test("a range of a corrupt blob is refused", async () => {
  const { store, pathOf } = await openStore();
  const bytes = randomBytes(2 * mib);
  const { sha256 } = await put(store, bytes);
  bytes[0]! ^= 1;
  await writeFile(pathOf(sha256), bytes);
  await expect(store.open(sha256, mib, 10)).rejects.toMatchObject({ reason: "BLOB_CORRUPT" });
});

test("a slow reader of corrupt bytes does not quarantine the intact blob that was put meanwhile", async () => {
  const { store, pathOf } = await openStore();
  const bytes = randomBytes(2 * mib);
  const { sha256 } = await put(store, bytes);
  await writeFile(pathOf(sha256), Buffer.alloc(2 * mib));
  await using slow = await store.open(sha256, 0, 0);
  await expect(readAll(store.open(sha256, 0, 0))).rejects.toMatchObject({ reason: "BLOB_CORRUPT" });
  await put(store, bytes);
  await expect(collect(slow.chunks)).rejects.toMatchObject({ reason: "BLOB_CORRUPT" });
  expect((await readAll(store.open(sha256, 0, 0))).equals(bytes)).toBe(true);
});

test("a blob with changed bytes is replaced by the next put of its bytes, with any announcement", async () => {
  const bytes = randomBytes(mib);
  const few = bytes.subarray(0, 9_000);
  for (const [right, announced] of [
    [bytes, {}],
    [bytes, { sha256: digestOf(bytes) }],
    [bytes, { sha256: digestOf(bytes), sizeBytes: bytes.length }],
    [few, { sizeBytes: few.length }],
    [few, { sha256: digestOf(few), sizeBytes: few.length }],
  ] as const) {
    const { store, corrupt, pathOf } = await openStore();
    const { sha256 } = await put(store, right);
    const path = pathOf(sha256);
    const { atimeMs, mtimeMs } = await stat(path);
    const broken = Buffer.from(right);
    broken[5]! ^= 1;
    await writeFile(path, broken);
    await utimes(path, atimeMs / 1000, mtimeMs / 1000);
    const again = await store.put(inChunks(right), { keepUntilMs: 0, ...announced });
    expect(again).toMatchObject({ sha256, existed: false });
    expect(corrupt).toEqual([sha256]);
    expect((await readAll(store.open(sha256, 0, 0))).equals(right)).toBe(true);
    expect(store.stats()).toMatchObject({ blobs: 1, sizeBytes: right.length });
  }
});

test("stat verifies a blob on request, and a verification from before a change of its file does not count", async () => {
  const { store, clock, corrupt, pathOf } = await openStore();
  const bytes = randomBytes(100_000);
  const { sha256 } = await put(store, bytes);
  const verified = () => store.stat(sha256, 0, { verify: true });
  await verified();
  await store.stat(sha256, clock.nowMs + 2 * hour);
  await verified();
  const broken = Buffer.from(bytes);
  broken[0]! ^= 1;
  await writeFile(pathOf(sha256), broken);
  await store.stat(sha256, clock.nowMs + 4 * hour);
  await expect(verified()).rejects.toMatchObject({ reason: "BLOB_CORRUPT" });
  await expect(verified()).rejects.toMatchObject({ reason: "BLOB_NOT_FOUND" });
  expect(corrupt).toEqual([sha256]);
});

test("a truncated blob is replaced by the next put of its bytes", async () => {
  const { store, corrupt, pathOf } = await openStore();
  const bytes = randomBytes(mib);
  const { sha256 } = await put(store, bytes);
  await truncate(pathOf(sha256), 1000);
  expect(await put(store, bytes)).toMatchObject({ existed: false });
  expect(corrupt).toEqual([sha256]);
  expect((await readAll(store.open(sha256, 0, 0))).equals(bytes)).toBe(true);
});
