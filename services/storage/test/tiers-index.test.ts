import { randomBytes } from "node:crypto";
import { existsSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { expect, test } from "vitest";
import type { CheckSummary, Finding } from "../src/adapters/index/check-store.ts";
import { keepUntilOf } from "../src/domain/index-entry.ts";
import { digestOf, inChunks, put, readAll } from "./open-test-store.ts";
import { day, hour, startTiers } from "./open-tiers.ts";

type Replica = Awaited<ReturnType<Awaited<ReturnType<typeof startTiers>>["openReplica"]>>;

async function fsck({ check }: Replica, repair = false, verify = false) {
  const findings: Finding[] = [];
  let summary: CheckSummary | undefined;
  for await (const part of check({ repair, verify }, new AbortController().signal)) {
    if ("kind" in part) findings.push(part);
    else summary = part;
  }
  return { findings, summary };
}

const putFor = ({ store }: Replica, bytes: Uint8Array, kind: "input" | "frame", jobId: string, keepUntilMs: number) =>
  store.put(inChunks(bytes), { kind, jobId, keepUntilMs });

test("a blob that two jobs need through different replicas stays until both have released it, through any replica", async () => {
  const { openReplica, clock } = await startTiers();
  const [a, b] = [await openReplica(), await openReplica()];
  const bytes = randomBytes(100_000);
  const untilMs = Date.now() + 48 * hour;
  const { sha256 } = await putFor(a, bytes, "frame", "job/1 é", untilMs);
  await putFor(b, bytes, "frame", "job-2", untilMs);
  await b.store.stat(sha256, untilMs, { kind: "frame", jobId: "job-3" });
  expect(await b.store.release("job/1 é")).toBe(1);
  expect(await a.store.release("job-2", [sha256, digestOf(randomBytes(1))])).toBe(1);
  clock.aheadMs = 47 * hour;
  await a.store.sweep();
  expect((await readAll(b.store.open(sha256, 0, 0))).equals(bytes)).toBe(true);
  expect(await a.store.release("job-3")).toBe(1);
  expect(await a.store.release("job-3")).toBe(0);
  clock.aheadMs = 48 * hour;
  expect(await b.store.sweep()).toMatchObject({ removed: 1 });
  await expect(b.store.open(sha256, 0, 0)).rejects.toMatchObject({ reason: "BLOB_NOT_FOUND" });
});

test("unused blobs go a day after their last use, those used often after seven, and none before its promised time", async () => {
  const { openReplica, clock, coldPath, index } = await startTiers();
  const a = await openReplica({ flushEveryMs: 20 });
  const [unused, often, promised] = [randomBytes(10), randomBytes(20), randomBytes(30)].map((bytes) => ({
    bytes,
    path: coldPath(digestOf(bytes)),
  })) as [{ bytes: Buffer; path: string }, { bytes: Buffer; path: string }, { bytes: Buffer; path: string }];
  await put(a.store, unused.bytes);
  const { sha256 } = await put(a.store, often.bytes);
  await put(a.store, promised.bytes, Date.now() + 5 * day);
  for (let n = 0; n < 3; n += 1) await readAll(a.store.open(sha256, 0, 0));
  const left = async (aheadMs: number) => {
    clock.aheadMs = aheadMs;
    await a.store.sweep();
    return [unused, often, promised].map(({ path }) => existsSync(path));
  };
  // The counts of uses are written in batches.
  await expect.poll(async () => (await index.get(sha256))?.entry.uses).toBe(3);
  expect(await left(23 * hour)).toEqual([true, true, true]);
  expect(await left(25 * hour)).toEqual([false, true, true]);
  expect(await left(4.9 * day)).toEqual([false, true, true]);
  expect(await left(5.1 * day)).toEqual([false, true, false]);
  expect(await left(7.1 * day)).toEqual([false, false, false]);
});

test("a copy of a blob that another replica removed is dropped after one more use", async () => {
  const { openReplica } = await startTiers();
  const [a, b] = [await openReplica(), await openReplica({ flushEveryMs: 20 })];
  const { sha256 } = await put(a.store, randomBytes(1_000));
  await readAll(b.store.open(sha256, 0, 0));
  expect(await a.store.delete(sha256)).toBe(true);
  await expect
    .poll(async () =>
      readAll(b.store.open(sha256, 0, 0)).then(
        () => "read",
        (error) => error.reason,
      ),
    )
    .toBe("BLOB_NOT_FOUND");
});

test("fsck finds nothing in a healthy store, and rebuilds the whole index after the broker has lost it", async () => {
  const { openReplica, bus, index, clock } = await startTiers();
  const a = await openReplica();
  const all = Array.from({ length: 12 }, () => randomBytes(5_000));
  for (const bytes of all) await put(a.store, bytes);
  expect(await fsck(a)).toMatchObject({ findings: [], summary: { blobs: 12, entries: 12, findings: 0 } });

  await bus.jsm.streams.purge("KV_blobs");
  for (const bytes of all) expect((await readAll(a.store.open(digestOf(bytes), 0, 0))).equals(bytes)).toBe(true);
  const found = await fsck(a);
  expect(found.findings.map(({ kind, repaired }) => `${kind} ${repaired}`)).toEqual(
    Array(12).fill("not-indexed false"),
  );
  expect(await fsck(a, true)).toMatchObject({ summary: { findings: 12, repaired: 12 } });
  expect(await fsck(a)).toMatchObject({ findings: [], summary: { entries: 12 } });
  const entry = (await index.get(digestOf(all[0]!)))!.entry;
  expect(keepUntilOf(entry)).toBeGreaterThan(Date.now() + 6.9 * day);
  clock.aheadMs = 6 * day;
  await a.store.sweep();
  expect((await readAll(a.store.open(digestOf(all[0]!), 0, 0))).equals(all[0]!)).toBe(true);
});

test("a lost index is rebuilt by the sweeper, and at once for blobs that are used", async () => {
  const { openReplica, bus, index } = await startTiers();
  const [a, b] = [await openReplica({ flushEveryMs: 20 }), await openReplica()];
  const used = (await put(a.store, randomBytes(1_000))).sha256;
  const others = [await put(a.store, randomBytes(2_000)), await put(a.store, randomBytes(3_000))];
  await bus.jsm.streams.purge("KV_blobs");
  await readAll(a.store.open(used, 0, 0));
  await expect.poll(async () => (await index.get(used))?.entry.sizeBytes).toBe(1_000);
  for (const { sha256 } of others) expect(await index.get(sha256)).toBeUndefined();
  await b.store.sweep();
  for (const { sha256, sizeBytes } of others)
    expect((await index.get(sha256))?.entry).toMatchObject({ sizeBytes, kind: "output" });
});

test("fsck names and repairs lost, truncated and changed blobs, and removals that were not finished", async () => {
  const { openReplica, coldPath, index, clock } = await startTiers();
  const a = await openReplica();
  const digests: string[] = [];
  for (let n = 0; n < 5; n += 1) digests.push((await put(a.store, randomBytes(5_000))).sha256);
  const [lost, short, changed, half, intact] = digests as [string, string, string, string, string];
  rmSync(coldPath(lost));
  truncateSync(coldPath(short), 100);
  writeFileSync(coldPath(changed), randomBytes(5_000));
  await index.beginRemoval(half, () => true);
  // Puts of the last ten minutes and removals of the last minute may be in progress.
  expect((await fsck(a)).findings.map(({ kind }) => kind).sort()).toEqual(["corrupt", "wrong-size"]);
  clock.aheadMs = 11 * 60_000;
  const kinds = async (repair: boolean, verify: boolean) =>
    Object.fromEntries((await fsck(a, repair, verify)).findings.map(({ sha256, kind }) => [sha256, kind]));
  const expected = { [lost]: "blob-missing", [short]: "corrupt", [changed]: "corrupt", [half]: "removal-left" };
  expect(await kinds(false, true)).toEqual(expected);
  expect(await kinds(true, true)).toEqual(expected);
  expect(await kinds(false, true)).toEqual({});
  for (const sha256 of [lost, short, changed, half]) expect(existsSync(coldPath(sha256))).toBe(false);
  expect(existsSync(coldPath(intact))).toBe(true);
});

test("a put that meets a removal waits for it; one that was left by a dead replica blocks puts for a minute only", async () => {
  const { openReplica, index, clock, coldPath } = await startTiers();
  const a = await openReplica();
  const bytes = randomBytes(1_000);
  const { sha256 } = await put(a.store, bytes);
  const marked = (await index.beginRemoval(sha256, () => true))!;
  let isAnswered = false;
  const putting = put(a.store, bytes).finally(() => {
    isAnswered = true;
  });
  // Long enough for a put that does not wait.
  await sleep(500);
  expect(isAnswered).toBe(false);
  rmSync(coldPath(sha256));
  await index.endRemoval(marked);
  expect(await putting).toMatchObject({ existed: false });
  expect(existsSync(coldPath(sha256))).toBe(true);

  await index.beginRemoval(sha256, () => true);
  clock.aheadMs = 61_000;
  expect(await put(a.store, bytes)).toMatchObject({ existed: true });
  expect((await index.get(sha256))?.entry.removingSinceMs).toBe(0);
});

test("a blob that is put while a sweeper removes it is there once the put was answered", async () => {
  const { openReplica, clock, index } = await startTiers();
  const [a, b] = [await openReplica(), await openReplica()];
  const { sha256 } = await put(a.store, randomBytes(10));
  // The entry that was claimed since the sweeper read it decides.
  expect(await index.beginRemoval(sha256, () => false)).toBeUndefined();
  expect((await index.get(sha256))?.entry.removingSinceMs).toBe(0);
  for (let round = 0; round < 25; round += 1) {
    const bytes = randomBytes(1_000);
    await put(a.store, bytes);
    clock.aheadMs += 2 * day;
    const [, { sha256: again }] = await Promise.all([b.store.sweep(), put(a.store, bytes)]);
    await b.store.sweep();
    const reader = await openReplica();
    expect((await readAll(reader.store.open(again, 0, 0))).equals(bytes)).toBe(true);
  }
});

test("a full shared store evicts what may go, refuses puts with a delay when nothing may, and recovers", async () => {
  const { openReplica, clock } = await startTiers();
  const { AppError } = await import("@pixelmesh/errors");
  let freeBytes = 300_000;
  const sizes = new Map<string, number>();
  const a = await openReplica({
    wrapCold: (cold) => ({
      ...cold,
      async put(sha256, source, signal) {
        if (source.sizeBytes > freeBytes) throw new AppError("STORAGE_FULL", "full", { retryAfterMs: 2_000 });
        const isNew = await cold.put(sha256, source, signal);
        if (isNew) freeBytes -= source.sizeBytes;
        if (isNew) sizes.set(sha256, source.sizeBytes);
        return isNew;
      },
      async remove(sha256) {
        await cold.remove(sha256);
        freeBytes += sizes.get(sha256) ?? 0;
        sizes.delete(sha256);
      },
    }),
  });
  const untilMs = Date.now() + 10 * hour;
  const needed = await putFor(a, randomBytes(100_000), "frame", "open", untilMs);
  const ended = await putFor(a, randomBytes(100_000), "frame", "ended", untilMs);
  const output = await put(a.store, randomBytes(100_000));
  await a.store.release("ended");
  clock.aheadMs = 2_000;
  await put(a.store, randomBytes(100_000));
  await expect(a.store.stat(ended.sha256, 0)).rejects.toMatchObject({ reason: "BLOB_NOT_FOUND" });
  for (const { sha256 } of [needed, output]) await a.store.stat(sha256, 0);
  await expect(put(a.store, randomBytes(100_000))).rejects.toMatchObject({
    reason: "STORAGE_FULL",
    retryAfterMs: expect.any(Number),
  });
  const reservation = { jobId: "j", key: "", bytes: 1, leastBytes: 1, untilMs };
  await expect(a.store.reserve(reservation)).rejects.toMatchObject({ reason: "STORAGE_FULL" });
  await a.store.release("open");
  clock.aheadMs = 4_000;
  await put(a.store, randomBytes(100_000));
  await a.store.reserve(reservation);
});
