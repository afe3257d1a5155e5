import { randomBytes } from "node:crypto";
import { mkdtemp, readdir, rename, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { digestOf } from "../../test/open-test-store.ts";
import type { ColdSource } from "../domain/cold-store.ts";
import { openColdDirectory } from "./cold-directory.ts";

const sourceOf = (bytes: Uint8Array, given = bytes): ColdSource & { opened: number } => ({
  sizeBytes: bytes.length,
  opened: 0,
  async *open() {
    this.opened += 1;
    for (let at = 0; at < given.length; at += 100_000) yield given.subarray(at, at + 100_000);
  },
});

async function openTestStore(trustMs = 0) {
  const directory = await mkdtemp(join(tmpdir(), "pixelmesh-cold-"));
  onTestFinished(() => rm(directory, { recursive: true, force: true }));
  const options = { tempStaleMs: 1_000, trustMs, quarantineMs: 1_000_000, unixMs: Date.now, monotonicMs: Date.now };
  const open = () => openColdDirectory({ directory, ...options });
  const pathOf = (sha256: string) => join(directory, "blobs", sha256.slice(0, 2), sha256.slice(2, 4), sha256);
  return { directory, store: await open(), open, pathOf };
}

async function collect(chunks: AsyncIterable<Uint8Array> | undefined): Promise<Buffer | undefined> {
  if (chunks === undefined) return undefined;
  const all: Uint8Array[] = [];
  for await (const chunk of chunks) all.push(chunk);
  return Buffer.concat(all);
}

test("stored bytes are read whole and in ranges, by another replica too, until they are removed", async () => {
  const { store, open } = await openTestStore();
  const bytes = randomBytes(700_000);
  const sha256 = digestOf(bytes);
  expect(await store.stat(sha256)).toBeUndefined();
  expect(await store.read(sha256)).toBeUndefined();
  expect(await store.put(sha256, sourceOf(bytes))).toBe(true);
  const other = await open();
  expect(await other.stat(sha256)).toMatchObject({ sizeBytes: bytes.length });
  expect((await collect(await other.read(sha256)))?.equals(bytes)).toBe(true);
  const range = await other.read(sha256, { offsetBytes: 600_001, lengthBytes: 5 });
  expect((await collect(range))?.equals(bytes.subarray(600_001, 600_006))).toBe(true);
  await other.remove(sha256);
  await other.remove(sha256);
  expect(await store.stat(sha256)).toBeUndefined();
});

test("equal bytes are written once; a blob with wrong bytes is set aside and written again", async () => {
  const { store, directory, pathOf } = await openTestStore();
  const bytes = randomBytes(300_000);
  const sha256 = digestOf(bytes);
  const again = sourceOf(bytes);
  await store.put(sha256, sourceOf(bytes));
  expect(await store.put(sha256, again)).toBe(false);
  expect(again.opened).toBe(0);
  for (const wrong of [randomBytes(300_000), bytes.subarray(0, 10)]) {
    await writeFile(pathOf(sha256), wrong);
    expect(await store.put(sha256, sourceOf(bytes))).toBe(true);
    expect((await collect(await store.read(sha256)))?.equals(bytes)).toBe(true);
  }
  expect(await readdir(join(directory, "quarantine"))).not.toHaveLength(0);
});

test("bytes without the digest, and a source that fails, store nothing and leave no file", async () => {
  const { store, directory } = await openTestStore();
  const bytes = randomBytes(200_000);
  const sha256 = digestOf(bytes);
  await expect(store.put(sha256, sourceOf(bytes, randomBytes(200_000)))).rejects.toMatchObject({
    reason: "DIGEST_MISMATCH",
  });
  const failing = {
    sizeBytes: 200_000,
    async *open() {
      yield bytes.subarray(0, 1000);
      throw new Error("the source failed");
    },
  };
  await expect(store.put(sha256, failing)).rejects.toThrow("the source failed");
  const aborted = AbortSignal.abort(new Error("aborted"));
  await expect(store.put(sha256, sourceOf(bytes), aborted)).rejects.toThrow("aborted");
  expect(await store.stat(sha256)).toBeUndefined();
  expect(await readdir(join(directory, "tmp"))).toEqual([]);
});

test("a listing gives every blob once, in the order of the digests, in pages", async () => {
  const { store } = await openTestStore();
  const digests: string[] = [];
  for (let n = 0; n < 60; n += 1) {
    const bytes = Buffer.from(`blob ${n}`);
    digests.push(digestOf(bytes));
    await store.put(digestOf(bytes), sourceOf(bytes));
  }
  for (const limit of [1, 7, 60, 1_000]) {
    const listed: string[] = [];
    let next: string | undefined;
    do {
      const page = await store.list(limit, next);
      expect(page.blobs.length).toBeLessThanOrEqual(limit);
      listed.push(...page.blobs.map(({ sha256 }) => sha256));
      next = page.next;
    } while (next !== undefined);
    expect(listed).toEqual([...digests].sort());
  }
});

test("a directory that is gone is unavailable, not empty, and one that never existed is refused", async () => {
  const { store, directory, open } = await openTestStore();
  const sha256 = digestOf(randomBytes(1));
  await rename(directory, `${directory}-away`);
  for (const call of [
    () => store.stat(sha256),
    () => store.read(sha256),
    () => store.list(10),
    () => store.check(),
    () => store.put(sha256, sourceOf(randomBytes(1))),
    open,
  ]) {
    await expect(call()).rejects.toMatchObject({ reason: "STORAGE_UNAVAILABLE" });
  }
  await rename(`${directory}-away`, directory);
  await store.check();
  expect(await store.stat(sha256)).toBeUndefined();
});
