import { randomBytes } from "node:crypto";
import { expect, test } from "vitest";
import { digestOf, inChunks, readAll } from "./open-test-store.ts";
import { hour, mib, startTiers } from "./open-tiers.ts";

test("what a use saves is in the index, and comes with a copy to another replica and after a restart", async () => {
  const { openReplica, index, clock } = await startTiers();
  const a = await openReplica();
  const bytes = randomBytes(mib);
  const { sha256 } = await a.store.put(inChunks(bytes), { keepUntilMs: 0, savedMs: 7_000 });
  expect((await index.get(sha256))?.entry.savedMs).toBe(7_000);

  const b = await openReplica();
  const first = await b.store.stat(sha256, 0);
  expect(first).toMatchObject({ savedMs: 7_000, tier: "cold" });
  await readAll(b.store.open(sha256, 0, 0));
  expect(await b.store.stat(sha256, 0)).toMatchObject({ tier: "warm" });
  await b.close();
  const restarted = await openReplica({ directory: b.directory });
  const opened = await restarted.store.open(sha256, 0, 0);
  await opened[Symbol.asyncDispose]();
  expect(Math.abs((opened.stat.savedMs ?? 0) - 7_000)).toBeLessThan(0.27 * 7_000);

  // A result that is used again with another time.
  await restarted.store.stat(sha256, Date.now() + clock.aheadMs + 2 * hour, { savedMs: 90_000 });
  expect((await index.get(sha256))?.entry.savedMs).toBe(90_000);
  await restarted.store.stat(sha256, Date.now() + clock.aheadMs + 2 * hour);
  expect((await index.get(sha256))?.entry.savedMs).toBe(90_000);
});

test("of equal copies the disk keeps those that save more time", async () => {
  const { openReplica } = await startTiers();
  const replica = await openReplica({ warmBytes: 2.5 * mib });
  const tiers = new Map<string, string>();
  // The third one needs the space of one. By last use that of the first would go.
  for (const savedMs of [50_000, 10, 20_000])
    tiers.set((await replica.store.put(inChunks(randomBytes(mib)), { keepUntilMs: 0, savedMs })).sha256, "");
  for (const sha256 of tiers.keys()) tiers.set(sha256, (await replica.store.stat(sha256, 0)).tier);
  expect([...tiers.values()]).toEqual(["warm", "cold", "warm"]);
});

test("a blob that is in memory is said to be hot, and its reuse without a read keeps it there", async () => {
  const { openReplica } = await startTiers();
  const replica = await openReplica({ hotBytes: 4.2 * mib });
  const put1 = async (savedMs: number) => {
    const bytes = randomBytes(mib);
    const { sha256 } = await replica.store.put(inChunks(bytes), { keepUntilMs: 0, savedMs });
    return sha256;
  };
  const read = async (sha256: string) => void (await readAll(replica.store.open(sha256, 0, 0)));
  const kept = await put1(1_000);
  for (let n = 0; n < 2; n += 1) await read(kept);
  expect((await replica.store.stat(kept, 0)).tier).toBe("hot");
  for (let n = 0; n < 6; n += 1) await replica.store.stat(kept, 0, { verify: true, savedMs: 1_000 });
  for (let n = 0; n < 6; n += 1) {
    const other = await put1(1_000);
    for (let uses = 0; uses < 3; uses += 1) await read(other);
  }
  expect((await replica.store.stat(kept, 0)).tier).toBe("hot");
  expect(replica.tier("hot").blobs).toBe(4);
  expect((await replica.store.stat(digestOf(Buffer.from("")), 0).catch(({ reason }) => reason)) as string).toBe(
    "BLOB_NOT_FOUND",
  );
});
