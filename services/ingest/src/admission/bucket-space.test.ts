import { expect, test } from "vitest";
import { createBucketSpace } from "./bucket-space.ts";

const boundBytes = 1_000;

test("a job is accepted up to 85 % of the bound, jobs accepted since the last reading included", async () => {
  let sizeBytes = 800;
  const space = createBucketSpace({ read: async () => ({ sizeBytes, boundBytes }), evictNow: () => {} });
  await space.assertSpace();
  space.addPending(50);
  await space.assertSpace();
  space.addPending(1);
  // The next reading shows that the accepted jobs took less.
  sizeBytes = 810;
  await space.assertSpace();
});

test("without space eviction is started, and a job is accepted as soon as it has made some", async () => {
  let sizeBytes = 990;
  let evictions = 0;
  const evictNow = () => {
    evictions++;
    if (evictions === 3) sizeBytes = 700;
  };
  const space = createBucketSpace({ read: async () => ({ sizeBytes, boundBytes }), evictNow });
  await Promise.all([space.assertSpace(), space.assertSpace(), space.assertSpace()]);
  expect(evictions).toBe(3);
});

test("if eviction makes no space, the refusal has a reason and a retry time, and further jobs are refused at once", async () => {
  let reads = 0;
  const read = async () => {
    reads++;
    return { sizeBytes: 990, boundBytes };
  };
  const space = createBucketSpace({ read, evictNow: () => {} });
  const refusal = { reason: "QUEUE_FULL", retryAfterMs: 5_000, message: expect.stringContaining("unfinished jobs") };
  await expect(space.assertSpace()).rejects.toMatchObject(refusal);
  const readsBefore = reads;
  await expect(space.assertSpace()).rejects.toMatchObject(refusal);
  expect(reads - readsBefore).toBeLessThanOrEqual(1);
});

test("a failure of the broker is passed on", async () => {
  const read = () => Promise.reject(new Error("away"));
  await expect(createBucketSpace({ read, evictNow: () => {} }).assertSpace()).rejects.toThrow("away");
});
