import { randomBytes } from "node:crypto";
import { expect, test } from "vitest";
import type { CheckSummary } from "../src/adapters/index/check-store.ts";
import { digestOf, inChunks, put, readAll } from "./open-test-store.ts";
import { day, mib, startTiers } from "./open-tiers.ts";
import { openBucket, startSmallServer } from "./s3-test-bucket.ts";

/** Two replicas on one bucket, and a broker for their index. */
async function startOnBucket() {
  const server = await startSmallServer();
  const tiers = await startTiers();
  const open = async () => tiers.openReplica({ cold: await openBucket(server), hotBytes: 8 * mib });
  return { ...tiers, server, a: await open(), b: await open() };
}

test("replicas on one bucket read each other's blobs, small and in parts, and the sweeper removes what has expired", async () => {
  const { a, b, server, clock } = await startOnBucket();
  const all = [randomBytes(1_000), randomBytes(mib), randomBytes(12 * mib)];
  for (const bytes of all) {
    expect(await put(a.store, bytes)).toMatchObject({ sha256: digestOf(bytes), existed: false });
    expect((await readAll(b.store.open(digestOf(bytes), 0, 0))).equals(bytes)).toBe(true);
    expect((await readAll(b.store.open(digestOf(bytes), 500, 400))).equals(bytes.subarray(500, 900))).toBe(true);
    expect(await put(b.store, bytes)).toMatchObject({ existed: true });
  }
  expect(server.content.objects.size).toBe(3);
  clock.aheadMs = 1.5 * day;
  expect(await b.store.sweep()).toMatchObject({ removed: 3 });
  expect(server.content.objects.size).toBe(0);
});

test("while S3 does not answer, copies are read and puts are refused with a delay; then all goes on", async () => {
  const { a, server } = await startOnBucket();
  const bytes = randomBytes(mib);
  const { sha256 } = await put(a.store, bytes);
  server.fail({ how: { kind: "status", status: 503, code: "SlowDown" }, times: 10_000 });
  expect((await readAll(a.store.open(sha256, 0, 0))).equals(bytes)).toBe(true);
  const other = randomBytes(mib);
  const refused = { reason: "STORAGE_UNAVAILABLE", retryAfterMs: expect.any(Number) };
  await expect(put(a.store, other)).rejects.toMatchObject(refused);
  server.heal();
  await expect
    .poll(() =>
      put(a.store, other).then(
        () => "stored",
        (error) => error.reason,
      ),
    )
    .toBe("stored");
});

test("a flipped bit on the way is read again, a flipped bit in the bucket is set aside, and fsck finds the rest", async () => {
  const { a, b, server } = await startOnBucket();
  const bytes = randomBytes(mib);
  const { sha256 } = await put(a.store, bytes);
  server.fail({ operation: "GetObject", how: { kind: "flip" }, times: 1 });
  expect((await readAll(b.store.open(sha256, 0, 0))).equals(bytes)).toBe(true);

  const wrong = randomBytes(2 * mib);
  const stored = await a.store.put(inChunks(wrong), { keepUntilMs: 0 });
  server.fail({ operation: "GetObject", how: { kind: "flip" }, times: 2 });
  await expect(readAll(b.store.open(stored.sha256, 0, 0))).rejects.toMatchObject({ reason: "BLOB_CORRUPT" });
  expect([...server.content.objects.keys()].some((key) => key.includes("quarantine/"))).toBe(true);
  expect(await put(a.store, wrong)).toMatchObject({ existed: false });
  expect((await readAll(b.store.open(stored.sha256, 0, 0))).equals(wrong)).toBe(true);

  const parts = await Array.fromAsync(a.check({ repair: false, verify: true }, new AbortController().signal));
  expect(parts).toHaveLength(1);
  expect(parts[0] as CheckSummary).toMatchObject({ blobs: 2, entries: 2, findings: 0 });
});
