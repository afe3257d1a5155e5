import { createHash, randomBytes } from "node:crypto";
import { mkdtemp, readdir, readFile, rename, rm, stat, truncate, utimes, writeFile } from "node:fs/promises";
import { hostname, tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, expect, test } from "vitest";
import type { BlobStore, OpenBlob, Use } from "../domain/ports.ts";
import { openFileStore } from "./file-store.ts";
import type { FileStoreOptions } from "./file-store-options.ts";

const mib = 1024 * 1024;
const hour = 3_600_000;
const directories: string[] = [];
afterEach(async () => {
  for (const path of directories.splice(0)) await rm(path, { recursive: true, force: true });
});

async function openStore(changes: Partial<FileStoreOptions> = {}) {
  const directory = changes.directory ?? (await mkdtemp(join(tmpdir(), "pixelmesh-store-")));
  if (changes.directory === undefined) directories.push(directory);
  const corrupt: string[] = [];
  const clock = { nowMs: Date.now() };
  const store = await openFileStore({
    directory,
    lifetime: {
      ...{ minMs: hour, maxMs: 100 * hour, slackMs: 60_000, graceMs: 1_000 },
      ...{ outputHoldMs: hour, inputRestMs: 24 * hour, frameRestMs: hour / 6 },
    },
    capacity: { maxBytes: 64 * mib, minFreeBytes: 0 },
    maxBlobBytes: 32 * mib,
    sweepVisits: 1_000_000,
    tempStaleMs: hour,
    quarantineMs: hour,
    trustMs: hour,
    fullRestMs: 0,
    onCorrupt: (sha256) => corrupt.push(sha256),
    unixMs: () => clock.nowMs,
    monotonicMs: () => clock.nowMs,
    ...changes,
  });
  const pathOf = (sha256: string) => join(directory, "blobs", sha256.slice(0, 2), sha256.slice(2, 4), sha256);
  return { store, directory, corrupt, clock, pathOf, temps: () => readdir(join(directory, "tmp")) };
}

async function* inChunks(bytes: Uint8Array, chunkBytes = 300_000): AsyncGenerator<Uint8Array> {
  for (let n = 0; n < bytes.byteLength; n += chunkBytes) yield bytes.subarray(n, n + chunkBytes);
}

const put = (store: BlobStore, bytes: Uint8Array, keepUntilMs = 0) => store.put(inChunks(bytes), { keepUntilMs });
const digestOf = (bytes: Uint8Array) => createHash("sha256").update(bytes).digest("hex");

async function collect(chunks: AsyncIterable<Buffer>): Promise<Buffer> {
  const all: Buffer[] = [];
  for await (const chunk of chunks) all.push(chunk);
  return Buffer.concat(all);
}

async function readAll(open: Promise<OpenBlob>): Promise<Buffer> {
  await using blob = await open;
  return await collect(blob.chunks);
}

test("bytes come back as they were put, under their digest, also after a restart", async () => {
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

test("ranges are served to the byte, at every edge", async () => {
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

test("a blob whose bytes changed on disk is never handed out whole, is set aside, and can be put again", async () => {
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

test("a range of a corrupt blob is refused too", async () => {
  const { store, pathOf } = await openStore();
  const bytes = randomBytes(2 * mib);
  const { sha256 } = await put(store, bytes);
  bytes[0]! ^= 1;
  await writeFile(pathOf(sha256), bytes);
  await expect(store.open(sha256, mib, 10)).rejects.toMatchObject({ reason: "BLOB_CORRUPT" });
});

test("a slow reader of corrupt bytes does not take away the good ones that were put meanwhile", async () => {
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

test("a blob whose bytes changed within is replaced by the next put of its bytes, however they are announced", async () => {
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

test("a blob is compared with its digest when that is asked for: what was found right before its file changed counts for nothing", async () => {
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

test("equal bytes are stored once and only ever live longer", async () => {
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

test("few bytes that are there already are not written again", async () => {
  const { store, directory, temps } = await openStore();
  const bytes = randomBytes(10_000);
  const small = () => store.put(inChunks(bytes, 4_000), { keepUntilMs: 0, sizeBytes: bytes.length });
  expect(await small()).toMatchObject({ sha256: digestOf(bytes), existed: false });
  expect((await readAll(store.open(digestOf(bytes), 0, 0))).equals(bytes)).toBe(true);
  // A file that came and went would show in the time of its directory.
  const { mtimeNs } = await stat(join(directory, "tmp"), { bigint: true });
  expect(await small()).toMatchObject({ sha256: digestOf(bytes), existed: true });
  expect((await stat(join(directory, "tmp"), { bigint: true })).mtimeNs).toBe(mtimeNs);
  const wrong = store.put(inChunks(bytes), { keepUntilMs: 0, sizeBytes: 9_999 });
  await expect(wrong).rejects.toMatchObject({ reason: "INVALID_ARGUMENT" });
  expect(await temps()).toEqual([]);
});

test("many puts of the same bytes at once end as one whole blob", async () => {
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

test("bytes that are not what was announced are refused and leave nothing", async () => {
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

test("an upload that breaks off or is cancelled leaves no temporary file and no claim", async () => {
  const { store, temps } = await openStore({ capacity: { maxBytes: 2 * mib, minFreeBytes: 0 } });
  async function* vanishing() {
    yield randomBytes(mib);
    throw new Error("connection reset");
  }
  await expect(store.put(vanishing(), { keepUntilMs: 0 })).rejects.toThrow("connection reset");
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

test("expired blobs are swept, living ones and those extended in time are not", async () => {
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

test("one sweep is bounded, and sweeps together go round the whole store", async () => {
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

test("a full store evicts what has expired, else refuses with STORAGE_FULL, and recovers by itself", async () => {
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

test("a store that would leave too little free on its file system refuses", async () => {
  const { store } = await openStore({ capacity: { maxBytes: 64 * mib, minFreeBytes: Number.MAX_SAFE_INTEGER } });
  await expect(put(store, randomBytes(10))).rejects.toMatchObject({ reason: "STORAGE_FULL" });
});

test("deleting answers whether the bytes were there", async () => {
  const { store } = await openStore();
  const { sha256 } = await put(store, randomBytes(10));
  expect([await store.delete(sha256), await store.delete(sha256)]).toEqual([true, false]);
  expect(store.stats()).toMatchObject({ blobs: 0, sizeBytes: 0 });
});

test("temporary files of dead processes are cleared at the start, those of living ones are not", async () => {
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

test("old quarantined blobs are removed by the sweep", async () => {
  const { store, directory, clock } = await openStore();
  await writeFile(join(directory, "quarantine", "old"), "x");
  await store.sweep();
  expect(await readdir(join(directory, "quarantine"))).toHaveLength(1);
  clock.nowMs += 2 * hour;
  await store.sweep();
  expect(await readdir(join(directory, "quarantine"))).toEqual([]);
});

/** A store of 10 MiB with one blob of each kind, that no job needs any more, and two outputs; all of 2 MiB. */
async function openMixed(changes: Partial<FileStoreOptions> = {}) {
  const opened = await openStore({ capacity: { maxBytes: 10 * mib, minFreeBytes: 0 }, ...changes });
  const { store, clock } = opened;
  const untilMs = clock.nowMs + hour;
  const add = async (use: Use, keepUntilMs = untilMs) =>
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

test("a full store lets frames go first, then inputs, then outputs that were not used for long", async () => {
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

test("a frame that two jobs need stays until both have let go, and the kind is known after a restart", async () => {
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
  // The frame that was released before the restart has gone; the input stays until its time.
  await expect(put(again.store, randomBytes(mib))).rejects.toMatchObject({ reason: "STORAGE_FULL" });
  again.clock.nowMs += hour / 2;
  await expect(put(again.store, randomBytes(mib))).rejects.toMatchObject({ reason: "STORAGE_FULL" });
  again.clock.nowMs += hour / 2 + 70_000;
  await put(again.store, randomBytes(mib));
});

test("released frames stay for a while where there is room, and are deleted after it", async () => {
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

test("an input that is an output as well has the time of an output", async () => {
  const { store, clock, digests } = await openMixed();
  await store.stat(digests.input, clock.nowMs + 5 * hour);
  expect(await store.release("j")).toBe(1);
  expect(await store.stat(digests.input, 0)).toMatchObject({ kind: "output" });
  expect((await store.stat(digests.input, 0)).keepUntilMs).toBeGreaterThanOrEqual(clock.nowMs + 5 * hour);
});

test("room that a job has reserved is its own until it ends", async () => {
  const { store, clock } = await openStore({ capacity: { maxBytes: 4 * mib, minFreeBytes: 0 } });
  const wish = { jobId: "j", key: "", bytes: 2 * mib, leastBytes: mib, untilMs: clock.nowMs + hour };
  await store.reserve(wish);
  await store.reserve({ ...wish, jobId: "k", bytes: mib });
  await expect(store.reserve({ ...wish, jobId: "l" })).rejects.toMatchObject({ reason: "STORAGE_FULL" });
  await put(store, randomBytes(mib));
  await expect(put(store, randomBytes(10))).rejects.toMatchObject({ reason: "STORAGE_FULL" });
  await store.put(inChunks(randomBytes(2 * mib)), { keepUntilMs: 0, jobId: "j" });
  await store.release("k");
  await put(store, randomBytes(mib));
  expect(store.stats()).toMatchObject({ sizeBytes: 4 * mib, reservedBytes: 0 });
  await expect(store.reserve({ ...wish, leastBytes: 5 * mib })).rejects.toMatchObject({ reason: "OUTPUT_TOO_LARGE" });
});

test("a store whose directories are out of reach has lost no blob", async () => {
  const { store, directory } = await openStore();
  const { sha256 } = await put(store, randomBytes(100));
  await rename(join(directory, "blobs"), join(directory, "away"));
  await expect(store.open(sha256, 0, 0)).rejects.toMatchObject({ reason: "STORAGE_UNAVAILABLE" });
  await expect(store.stat(sha256, 0)).rejects.toMatchObject({ reason: "STORAGE_UNAVAILABLE" });
  await rename(join(directory, "away"), join(directory, "blobs"));
  await store.stat(sha256, 0);
  expect(store.stats().refused).toEqual({ full: 0, disk: 2 });
});
