import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { loadConfig } from "@pixelmesh/config";
import fc from "fast-check";
import { expect, test } from "vitest";
import { busFields } from "../connection/config.ts";
import { fileStoreSize, maxFileStore } from "../connection/file-store-size.ts";
import { defaultBounds, planBounds, type StreamBounds, toBoundBytes, toMaxBytes } from "./stream-bounds.ts";

const MiB = 2 ** 20;

function sumOf({ work, events, deadLetters, buckets }: StreamBounds): number {
  return [events, deadLetters, ...Object.values(work), ...Object.values(buckets)].reduce((sum, bytes) => sum + bytes);
}

test("the defaults of the settings equal the default bounds and fit without scaling", () => {
  const config = loadConfig(busFields, {});
  expect(config).toMatchObject(defaultBounds);
  const planned = planBounds(config);
  expect(planned).toMatchObject({
    events: 128 * MiB,
    work: { effects: 64 * MiB },
    buckets: { jobs: 2_700 * MiB, results: 256 * MiB, batches: 288 * MiB, open: 64 * MiB },
  });
  expect(sumOf(planned)).toBeLessThanOrEqual(defaultBounds.natsStoreMaxBytes);
  // A job of one step takes 1,262 bytes (measured). A million of them fit below 80 %, above which the oldest are evicted.
  expect((planned.buckets.jobs * 2) / 3).toBeGreaterThan((1_000_000 * 1_262) / 0.8);
});

test("bounds that do not fit together are all lowered until they fit", () => {
  const size = fc.integer({ min: 64 * 1024, max: 2 ** 40 });
  fc.assert(
    fc.property(fc.integer({ min: 64 * MiB, max: 2 ** 40 }), size, size, size, (store, jobs, results, events) => {
      const planned = planBounds({
        natsStoreMaxBytes: store,
        natsJobsMaxBytes: jobs,
        natsResultsMaxBytes: results,
        natsEventsMaxBytes: events,
        natsBatchesMaxBytes: results,
      });
      // The least bound is 1 MiB, so a small store may be exceeded.
      expect(sumOf(planned)).toBeLessThanOrEqual(store + 16 * MiB);
      for (const bytes of Object.values(planned.buckets)) expect(bytes).toBeGreaterThanOrEqual(64 * 1024);
    }),
  );
});

test("bound and size of a bucket convert into each other; the reserve of jobs and of batches is half the bound, at least 512 KiB", () => {
  const KiB = 1024;
  expect(toMaxBytes("jobs", 64 * KiB)).toBe(576 * KiB);
  expect(toMaxBytes("jobs", 4 * MiB)).toBe(6 * MiB);
  expect(toMaxBytes("results", 64 * KiB)).toBe(64 * KiB);
  fc.assert(
    fc.property(fc.integer({ min: 64 * KiB, max: 2 ** 40 }), (bytes) => {
      for (const bucket of ["jobs", "results", "batches", "callbacks"] as const)
        expect(toBoundBytes(bucket, toMaxBytes(bucket, bytes))).toBeCloseTo(bytes, 2);
    }),
  );
});

test("a private broker gets at most half of its disk, and never less than in its existing configuration", () => {
  const dir = mkdtempSync(join(tmpdir(), "pixelmesh-store-"));
  try {
    expect(fileStoreSize(dir)).toBeGreaterThanOrEqual(64 * MiB);
    expect(fileStoreSize(dir)).toBeLessThanOrEqual(defaultBounds.natsStoreMaxBytes);
    const path = join(dir, "nats.conf");
    expect(maxFileStore(path, 5)).toBe(5);
    writeFileSync(path, "jetstream {\n  max_file_store: 4GB\n}\n");
    expect([maxFileStore(path, 5), maxFileStore(path, 2 ** 33)]).toEqual([2 ** 32, 2 ** 33]);
    writeFileSync(path, "jetstream {\n  max_file_store: 1000\n}\n");
    expect([maxFileStore(path, 5), maxFileStore(path, 2_000)]).toEqual([1_000, 2_000]);
  } finally {
    rmSync(dir, { recursive: true });
  }
});
