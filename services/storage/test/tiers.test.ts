import { randomBytes } from "node:crypto";
import { existsSync, readdirSync, readFileSync, renameSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { expect, test } from "vitest";
import { digestOf, inChunks, put, readAll } from "./open-test-store.ts";
import { mib, startTiers } from "./open-tiers.ts";

/** Changes one bit of a file. */
function flipBit(path: string): void {
  const bytes = readFileSync(path);
  bytes[bytes.length >> 1]! ^= 1;
  writeFileSync(path, bytes);
}

test("a blob that was put through one replica is read through another, whole, in ranges and in one message", async () => {
  const { openReplica } = await startTiers();
  const [a, b] = [await openReplica(), await openReplica()];
  for (const kind of ["output", "input", "frame"] as const) {
    const bytes = randomBytes(2 * mib + 7);
    const stored = await a.store.put(inChunks(bytes), { keepUntilMs: 0, kind });
    expect(stored).toMatchObject({ sha256: digestOf(bytes), existed: false, kind });
    expect((await readAll(b.store.open(stored.sha256, mib, 11))).equals(bytes.subarray(mib, mib + 11))).toBe(true);
    expect((await readAll(b.store.open(stored.sha256, 0, 0))).equals(bytes)).toBe(true);
    expect(await b.store.put(inChunks(bytes), { keepUntilMs: 0, kind })).toMatchObject({ existed: true });
  }
  const small = randomBytes(1_000);
  const { sha256 } = await a.store.putBytes(small, { keepUntilMs: 0 });
  expect((await b.store.readBytes(sha256, 64_000)).equals(small)).toBe(true);
  await expect(b.store.readBytes(sha256, 999)).rejects.toMatchObject({ reason: "INVALID_ARGUMENT" });
  await expect(b.store.open(digestOf(randomBytes(9)), 0, 0)).rejects.toMatchObject({ reason: "BLOB_NOT_FOUND" });
});

test("a put answers only after the shared store has the blob, and a replica without its disk loses nothing", async () => {
  const { openReplica, coldPath } = await startTiers();
  const a = await openReplica();
  const bytes = randomBytes(mib);
  const { sha256 } = await put(a.store, bytes);
  expect(readFileSync(coldPath(sha256)).equals(bytes)).toBe(true);
  rmSync(a.directory, { recursive: true });
  const b = await openReplica();
  expect((await readAll(b.store.open(sha256, 0, 0))).equals(bytes)).toBe(true);
});

test("a corrupt, truncated or lost copy is replaced from the shared store, and counted", async () => {
  const { openReplica } = await startTiers();
  const a = await openReplica();
  for (const [n, spoil] of [flipBit, (path: string) => truncateSync(path, 1_000)].entries()) {
    const bytes = randomBytes(mib + n);
    const { sha256 } = await put(a.store, bytes);
    spoil(a.warmPath(sha256));
    expect((await readAll(a.store.open(sha256, 0, 0))).equals(bytes)).toBe(true);
    spoil(a.warmPath(sha256));
    expect((await readAll(a.store.open(sha256, 10, 20))).equals(bytes.subarray(10, 30))).toBe(true);
    rmSync(a.warmPath(sha256));
    expect((await readAll(a.store.open(sha256, 0, 0))).equals(bytes)).toBe(true);
  }
  expect(a.tier("warm").corrupt).toBe(4);
  expect(readdirSync(join(a.directory, "quarantine")).length).toBeGreaterThan(0);
});

test("a corrupt blob of the shared store is set aside, never served, and can be put again", async () => {
  const { openReplica, coldPath, coldDir, index } = await startTiers();
  for (const spoil of [flipBit, (path: string) => truncateSync(path, 70_000)]) {
    const [a, b] = [await openReplica(), await openReplica()];
    const bytes = randomBytes(mib);
    const { sha256 } = await put(a.store, bytes);
    spoil(coldPath(sha256));
    await expect(readAll(b.store.open(sha256, 0, 0))).rejects.toMatchObject({ reason: "BLOB_CORRUPT" });
    expect(existsSync(coldPath(sha256))).toBe(false);
    expect(await index.get(sha256)).toBeUndefined();
    await expect(b.store.stat(sha256, 0, { verify: true })).rejects.toMatchObject({ reason: "BLOB_NOT_FOUND" });
    expect(b.tier("cold").corrupt).toBe(1);
    expect(await put(a.store, bytes)).toMatchObject({ existed: false });
    expect((await readAll(b.store.open(sha256, 0, 0))).equals(bytes)).toBe(true);
  }
  expect(readdirSync(join(coldDir, "quarantine"))).toHaveLength(2);
});

test("parallel puts of equal bytes write the shared store once, and all of them succeed", async () => {
  const { openReplica } = await startTiers();
  let written = 0;
  const a = await openReplica({
    wrapCold: (cold) => ({
      ...cold,
      async put(sha256, source, signal) {
        // As a server that is asked first and takes its time: puts that ran at once would all find nothing.
        if ((await cold.stat(sha256)) !== undefined) return false;
        await sleep(100);
        written += 1;
        return await cold.put(sha256, source, signal);
      },
    }),
  });
  const bytes = randomBytes(mib);
  const puts = await Promise.all(Array.from({ length: 8 }, () => put(a.store, bytes)));
  expect(puts.filter(({ existed }) => !existed)).toHaveLength(1);
  expect(written).toBe(1);
});

test("a copy stays until the shared store has it: a put that finds no space meanwhile is refused", async () => {
  const { openReplica } = await startTiers();
  const gate = Promise.withResolvers<void>();
  let waiting = 0;
  let isOpen = false;
  const a = await openReplica({
    warmBytes: 2.5 * mib,
    wrapCold: (cold) => ({
      ...cold,
      async put(sha256, source, signal) {
        waiting += 1;
        if (waiting > 2 && !isOpen) throw new Error("a third put found space");
        await gate.promise;
        return await cold.put(sha256, source, signal);
      },
    }),
  });
  const first = [put(a.store, randomBytes(mib)), put(a.store, randomBytes(mib))];
  await expect.poll(() => waiting).toBe(2);
  const third = randomBytes(mib);
  await expect(put(a.store, third)).rejects.toMatchObject({ reason: "STORAGE_FULL", retryAfterMs: expect.any(Number) });
  isOpen = true;
  gate.resolve();
  for (const each of await Promise.all(first)) expect(each.existed).toBe(false);
  // After a search in vain the next one waits for ten times its duration.
  const putThird = () =>
    put(a.store, third).then(
      () => "stored",
      (error) => error.reason,
    );
  await expect.poll(putThird).toBe("stored");
});

test("while the shared store is away, copies are read, puts and new reservations are refused with a delay, and all recovers by itself", async () => {
  const { openReplica, coldDir } = await startTiers();
  const a = await openReplica({ hotBytes: 8 * mib });
  const bytes = randomBytes(mib);
  const { sha256 } = await put(a.store, bytes);
  const gone = `${coldDir}-away`;
  renameSync(coldDir, gone);
  for (let n = 0; n < 4; n += 1) expect((await readAll(a.store.open(sha256, 0, 0))).equals(bytes)).toBe(true);
  expect(a.tier("hot").hits).toBeGreaterThan(0);
  const refused = { reason: "STORAGE_UNAVAILABLE", retryAfterMs: expect.any(Number) };
  const other = randomBytes(mib);
  await expect(put(a.store, other)).rejects.toMatchObject(refused);
  const reservation = { jobId: "j", key: "", bytes: 1, leastBytes: 1, untilMs: Date.now() + 1_000 };
  await expect(a.store.reserve(reservation)).rejects.toMatchObject(refused);
  await expect(a.store.stat(digestOf(other), 0)).rejects.toMatchObject(refused);
  renameSync(gone, coldDir);
  expect(await put(a.store, other)).toMatchObject({ existed: false });
  await a.store.reserve(reservation);
  expect((await readAll(a.store.open(digestOf(other), 0, 0))).equals(other)).toBe(true);
});

test("a full disk of the replica evicts copies, and a blob beyond the disk is read from the shared store", async () => {
  const { openReplica } = await startTiers();
  const a = await openReplica({ warmBytes: 3 * mib });
  const all = Array.from({ length: 6 }, () => randomBytes(mib));
  for (const bytes of all) await put(a.store, bytes);
  expect(a.tier("warm").evicted).toBeGreaterThanOrEqual(3);
  for (const bytes of all) expect((await readAll(a.store.open(digestOf(bytes), 0, 0))).equals(bytes)).toBe(true);

  const big = randomBytes(5 * mib);
  const b = await openReplica();
  const { sha256 } = await put(b.store, big);
  expect((await readAll(a.store.open(sha256, 0, 0))).equals(big)).toBe(true);
  expect((await readAll(a.store.open(sha256, 4 * mib, 9))).equals(big.subarray(4 * mib, 4 * mib + 9))).toBe(true);
});

test("a reader is not cut off when its blob is evicted and removed everywhere", async () => {
  const { openReplica } = await startTiers();
  const a = await openReplica({ warmBytes: 5 * mib });
  const bytes = randomBytes(4 * mib);
  const { sha256 } = await put(a.store, bytes);
  await using blob = await a.store.open(sha256, 0, 0);
  const chunks = blob.chunks[Symbol.asyncIterator]();
  const parts = [(await chunks.next()).value];
  await put(a.store, randomBytes(4 * mib));
  expect(await a.store.delete(sha256)).toBe(true);
  expect(existsSync(a.warmPath(sha256))).toBe(false);
  for (let next = await chunks.next(); !next.done; next = await chunks.next()) parts.push(next.value);
  expect(Buffer.concat(parts).equals(bytes)).toBe(true);
  await expect(a.store.open(sha256, 0, 0)).rejects.toMatchObject({ reason: "BLOB_NOT_FOUND" });
  expect(await a.store.delete(sha256)).toBe(false);
});

test("a blob that is read often is served from memory, which shrinks when the process is short of it", async () => {
  const { openReplica } = await startTiers();
  const memory = { usedBytes: 0, limitBytes: 100 * mib, availableBytes: 50 * mib };
  const a = await openReplica({ hotBytes: 8 * mib, readMemory: () => memory });
  const bytes = randomBytes(mib);
  const { sha256 } = await put(a.store, bytes);
  for (let n = 0; n < 5; n += 1) expect((await readAll(a.store.open(sha256, 0, 0))).equals(bytes)).toBe(true);
  expect((await readAll(a.store.open(sha256, 500_000, 400_000))).equals(bytes.subarray(500_000, 900_000))).toBe(true);
  expect(a.tier("hot")).toMatchObject({ blobs: 1, promotions: 1 });
  expect(a.tier("hot").hits).toBeGreaterThanOrEqual(3);
  memory.usedBytes = 99 * mib;
  await expect.poll(() => a.tier("hot").blobs).toBe(0);
  expect((await readAll(a.store.open(sha256, 0, 0))).equals(bytes)).toBe(true);
  memory.usedBytes = 0;
  await expect.poll(() => a.tier("hot").capacityBytes).toBe(8 * mib);
});
