import { randomBytes } from "node:crypto";
import { readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { digestOf, put, readAll } from "./open-test-store.ts";
import { mib, startTiers } from "./open-tiers.ts";

type Replica = Awaited<ReturnType<Awaited<ReturnType<typeof startTiers>>["openReplica"]>>;

async function read({ store }: Replica, bytes: Buffer, times: number): Promise<void> {
  const sha256 = digestOf(bytes);
  for (let n = 0; n < times; n += 1) expect((await readAll(store.open(sha256, 0, 0))).equals(bytes)).toBe(true);
}

/** A replica whose memory holds only the blobs that were read most, of more; its snapshot is on disk. `popular` begins with the most read one. */
async function fillMemory({ count = 4, sizeBytes = mib } = {}) {
  const tiers = await startTiers();
  const options = { hotBytes: (count + 0.2) * sizeBytes + count * 1_024, snapshotEveryMs: 20 };
  const first = await tiers.openReplica(options);
  const blobs = Array.from({ length: count + 6 }, () => randomBytes(sizeBytes));
  for (const bytes of blobs) await put(first.store, bytes);
  const [popular, others] = [blobs.slice(0, count), blobs.slice(count)];
  for (const bytes of others) await read(first, bytes, 2);
  for (const [at, bytes] of popular.entries()) await read(first, bytes, 5 + 2 * (count - at));
  const path = join(first.directory, "hot-copies.json");
  const listed = () =>
    (JSON.parse(readFileSync(path, "utf8")) as { copies: [string][] }).copies.map(([sha256]) => sha256);
  const isWritten = () => {
    try {
      return listed().sort().join() === popular.map(digestOf).sort().join();
    } catch {
      return false;
    }
  };
  await expect.poll(isWritten).toBe(true);
  // As after kill -9: what a regular snapshot wrote, not the one of the end.
  const text = readFileSync(path, "utf8");
  await first.close();
  writeFileSync(path, text);
  return { ...tiers, first, options, popular, others, path };
}

test("after a restart the memory holds the blobs again that were read most, without a read of a caller", async () => {
  const { openReplica, first, options, popular } = await fillMemory();
  const next = await openReplica({ ...options, directory: first.directory });
  await expect.poll(() => next.tier("hot").blobs).toBe(4);
  for (const bytes of popular) await read(next, bytes, 1);
  expect(next.tier("hot")).toMatchObject({ hits: 4, misses: 0 });
  expect(next.tier("warm").hits).toBe(0);
});

test("the memory is filled from the shared store too, and blobs that are gone are left out", async () => {
  const { openReplica, first, options, popular } = await fillMemory();
  const [gone, kept] = popular as [Buffer, Buffer];
  await (await openReplica()).store.delete(digestOf(gone));
  rmSync(join(first.directory, "blobs"), { recursive: true });
  const next = await openReplica({ ...options, directory: first.directory });
  await expect.poll(() => next.tier("hot").blobs).toBe(3);
  await read(next, kept, 1);
  expect(next.tier("hot").hits).toBe(1);
  await expect(next.store.open(digestOf(gone), 0, 0)).rejects.toMatchObject({ reason: "BLOB_NOT_FOUND" });
});

test("uses count on: popular blobs stay in memory while others are read after the restart", async () => {
  const { openReplica, first, options, popular, others } = await fillMemory();
  const next = await openReplica({ ...options, directory: first.directory });
  await expect.poll(() => next.tier("hot").blobs).toBe(4);
  for (const bytes of others) await read(next, bytes, 2);
  await next.close();
  // A blob that is read often is copied to memory, for which the copy of the lowest value is evicted: at most one of the popular ones.
  const again = await openReplica({ ...options, directory: first.directory });
  await expect.poll(() => again.tier("hot").blobs).toBe(4);
  for (const bytes of popular) await read(again, bytes, 1);
  expect(again.tier("hot").hits).toBeGreaterThanOrEqual(3);
});

test("a smaller memory is filled with the most valuable blobs, and nothing is evicted for it", async () => {
  const sizeBytes = 200_000;
  const { openReplica, first, popular } = await fillMemory({ count: 12, sizeBytes });
  const small = await openReplica({ hotBytes: 5.5 * sizeBytes, directory: first.directory });
  await expect.poll(() => small.tier("hot").blobs).toBe(5);
  for (const bytes of popular.slice(0, 5)) await read(small, bytes, 1);
  expect(small.tier("hot")).toMatchObject({ blobs: 5, hits: 5, evicted: 0 });
});

test("a torn, foreign or missing snapshot is an empty one", async () => {
  const { openReplica, first, options, path, popular } = await fillMemory();
  const whole = readFileSync(path, "utf8");
  const texts = [
    whole.slice(0, whole.length / 2),
    "",
    '{"version":9,"copies":[]}',
    '{"version":1,"copies":[["x",1,1,0],7]}',
  ];
  for (const text of texts) {
    writeFileSync(path, text);
    const next = await openReplica({ ...options, directory: first.directory, snapshotEveryMs: 3_600_000 });
    const bytes = popular[0] as Buffer;
    // A second read is needed for a copy in memory, as of any other blob.
    await read(next, bytes, 1);
    expect(next.tier("hot")).toMatchObject({ blobs: 0, hits: 0 });
    await next.close();
  }
});

test("a promotion copies to memory what fits, to the disk what does not, and says what it moved", async () => {
  const { openReplica } = await startTiers();
  const a = await openReplica();
  const b = await openReplica({ hotBytes: 8 * mib });
  const [small, large] = [randomBytes(mib), randomBytes(3 * mib)];
  for (const bytes of [small, large]) await put(a.store, bytes);
  const [s, l] = [digestOf(small), digestOf(large)];
  expect(await b.store.promote(s)).toEqual({ tier: "hot", wasThere: false, sizeBytes: mib });
  expect(await b.store.promote(s)).toEqual({ tier: "hot", wasThere: true, sizeBytes: mib });
  expect(await b.store.promote(l)).toEqual({ tier: "warm", wasThere: false, sizeBytes: 3 * mib });
  expect(await b.store.promote(l)).toEqual({ tier: "warm", wasThere: true, sizeBytes: 3 * mib });
  expect(b.tier("hot")).toMatchObject({ blobs: 1, promotions: 1, misses: 0 });
  await read(b, small, 1);
  expect(b.tier("hot").hits).toBe(1);
  await expect(b.store.promote(digestOf(randomBytes(9)))).rejects.toMatchObject({ reason: "BLOB_NOT_FOUND" });
});
