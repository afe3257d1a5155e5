import { randomBytes } from "node:crypto";
import fc from "fast-check";
import { expect, test } from "vitest";
import { digestOf } from "../../../test/open-test-store.ts";
import { createHotTier, type HotBlob } from "./hot-tier.ts";

const kib = 1024;

function openTier(budgetBytes = 100 * kib) {
  const clock = { nowMs: 0 };
  const evicted: number[] = [];
  const corrupt: string[] = [];
  const hot = createHotTier({
    budgetBytes,
    onEvicted: (idleMs) => evicted.push(idleMs),
    onCorrupt: (sha256) => corrupt.push(sha256),
    monotonicMs: () => clock.nowMs,
  });
  return { hot, clock, evicted, corrupt };
}

function toBlob(bytes: Buffer): HotBlob {
  const stat = { sha256: digestOf(bytes), sizeBytes: bytes.length, keepUntilMs: 0, kind: "output" as const };
  return { stat, chunks: [bytes.subarray(0, bytes.length >> 1), bytes.subarray(bytes.length >> 1)] };
}

test("a copy is read until it is forgotten", async () => {
  const { hot } = openTier();
  const blob = toBlob(randomBytes(10 * kib));
  hot.add(blob);
  expect((await hot.read(blob.stat.sha256))?.chunks).toEqual(blob.chunks);
  hot.forget(blob.stat.sha256);
  expect(await hot.read(blob.stat.sha256)).toBeUndefined();
  expect(hot).toMatchObject({ blobs: 0, sizeBytes: 0 });
});

test("a copy whose bytes changed in memory is dropped and reported, not returned", async () => {
  const { hot, corrupt } = openTier();
  const bytes = randomBytes(5 * kib);
  const blob = toBlob(bytes);
  hot.add(blob);
  bytes[3_000]! ^= 1;
  expect(await hot.read(blob.stat.sha256)).toBeUndefined();
  expect(corrupt).toEqual([blob.stat.sha256]);
  expect(hot).toMatchObject({ blobs: 0, sizeBytes: 0 });
});

test("a copy that is read again and again stays, those that are read once go", async () => {
  const { hot, clock, evicted } = openTier();
  const often = toBlob(randomBytes(10 * kib));
  hot.add(often);
  for (let n = 0; n < 40; n += 1) {
    clock.nowMs += 1_000;
    await hot.read(often.stat.sha256);
    hot.add(toBlob(randomBytes(10 * kib)));
  }
  expect(await hot.read(often.stat.sha256)).toBeDefined();
  expect(evicted.length).toBe(41 - hot.blobs);
  expect(Math.min(...evicted)).toBeGreaterThan(0);
});

test("the tier never exceeds its budget, and takes no blob above a quarter of it", async () => {
  const action = fc.oneof(
    fc.record({ kind: fc.constant("add" as const), size: fc.integer({ min: 0, max: 60 * kib }) }),
    fc.record({ kind: fc.constant("resize" as const), size: fc.integer({ min: 0, max: 200 * kib }) }),
  );
  fc.assert(
    fc.property(fc.array(action, { maxLength: 50 }), (actions) => {
      const { hot } = openTier();
      let n = 0;
      for (const { kind, size } of actions) {
        if (kind === "resize") hot.resize(size);
        else {
          const blobs = hot.blobs;
          n += 1;
          hot.add(toBlob(Buffer.alloc(size, n)));
          if (size > hot.budgetBytes / 4) expect(hot.blobs).toBe(blobs);
        }
        expect(hot.sizeBytes).toBeLessThanOrEqual(hot.budgetBytes);
      }
    }),
  );
});
