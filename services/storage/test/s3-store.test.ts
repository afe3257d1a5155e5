import { setTimeout as sleep } from "node:timers/promises";
import {
  CreateMultipartUploadCommand,
  ListMultipartUploadsCommand,
  S3Client,
  UploadPartCommand,
} from "@aws-sdk/client-s3";
import { expect, onTestFinished, test } from "vitest";
import {
  countingSource,
  createBlob,
  digestOf,
  mib,
  openBucket,
  readAll,
  startContractServer,
  type TestBucket,
  useCredentials,
} from "./s3-test-bucket.ts";

// The contract of a shared store in S3. `make test` runs it against the small server, `make check-storage` against versitygw.
const hourMs = 3_600_000;

/** A client of the SDK beside the store, to look at uploads in parts. */
function connect(bucket: TestBucket): S3Client {
  const { PIXELMESH_STORAGE_S3_ENDPOINT: endpoint = "", PIXELMESH_STORAGE_S3_REGION: region = "us-east-1" } =
    bucket.env;
  const client = new S3Client({ endpoint, region, forcePathStyle: true });
  onTestFinished(() => client.destroy());
  return client;
}

async function countUploads(bucket: TestBucket): Promise<number> {
  const page = await connect(bucket).send(new ListMultipartUploadsCommand({ Bucket: "pictures" }));
  return page.Uploads?.length ?? 0;
}

test.each([1, 70_000, 5 * mib, 5 * mib + 1, 13 * mib])(
  "a blob of %d bytes is stored and read back",
  async (sizeBytes) => {
    const bucket = await startContractServer();
    const store = await openBucket(bucket);
    const blob = createBlob(sizeBytes);
    const beforeMs = Date.now();
    expect(await store.stat(blob.sha256)).toBeUndefined();
    expect(await store.put(blob.sha256, blob.source)).toBe(true);
    const stat = await store.stat(blob.sha256);
    expect(stat?.sizeBytes).toBe(sizeBytes);
    // Seconds are all that the header has.
    expect(stat?.storedMs).toBeGreaterThan(beforeMs - 5_000);
    expect(digestOf((await readAll(await store.read(blob.sha256))) as Buffer)).toBe(blob.sha256);
    expect(await countUploads(bucket)).toBe(0);
  },
);

test("a range is read", async () => {
  const store = await openBucket(await startContractServer());
  const blob = createBlob(6 * mib);
  await store.put(blob.sha256, blob.source);
  for (const [offsetBytes, lengthBytes] of [
    [0, 1],
    [1_000, 2 * mib],
    [6 * mib - 7, 7],
  ] as const) {
    const bytes = await readAll(await store.read(blob.sha256, { offsetBytes, lengthBytes }));
    expect(bytes?.equals(blob.bytes.subarray(offsetBytes, offsetBytes + lengthBytes))).toBe(true);
  }
});

test.each([90_000, 6 * mib])(
  "equal content of %d bytes is stored once, also by two stores at a time",
  async (sizeBytes) => {
    const bucket = await startContractServer();
    const [store, other] = [await openBucket(bucket), await openBucket(bucket)];
    const blob = createBlob(sizeBytes);
    const both = await Promise.all([store.put(blob.sha256, blob.source), other.put(blob.sha256, blob.source)]);
    expect(both).toContain(true);
    const opened = blob.opened();
    expect(await store.put(blob.sha256, blob.source)).toBe(false);
    // A large blob is not even opened.
    if (sizeBytes > 5 * mib) expect(blob.opened()).toBe(opened);
    expect(digestOf((await readAll(await store.read(blob.sha256))) as Buffer)).toBe(blob.sha256);
  },
);

test("an object of another size under the digest is replaced", async () => {
  const bucket = await startContractServer();
  const store = await openBucket(bucket);
  const blob = createBlob(50_000);
  const half = countingSource(blob.bytes.subarray(0, 20_000));
  // As a broken tool may write it.
  const { PutObjectCommand } = await import("@aws-sdk/client-s3");
  const Body = blob.bytes.subarray(0, half.source.sizeBytes);
  await connect(bucket).send(new PutObjectCommand({ Bucket: "pictures", Key: `mesh/blobs/${blob.sha256}`, Body }));
  expect(await store.put(blob.sha256, blob.source)).toBe(true);
  expect(digestOf((await readAll(await store.read(blob.sha256))) as Buffer)).toBe(blob.sha256);
});

test.each([90_000, 11 * mib])("%d bytes without the digest are refused and stored nowhere", async (sizeBytes) => {
  const bucket = await startContractServer();
  const store = await openBucket(bucket);
  const wrong = createBlob(sizeBytes);
  const sha256 = digestOf(Buffer.from("other bytes"));
  await expect(store.put(sha256, wrong.source)).rejects.toMatchObject({ reason: "DIGEST_MISMATCH" });
  const short = { ...wrong.source, sizeBytes: sizeBytes + 1 };
  await expect(store.put(wrong.sha256, short)).rejects.toMatchObject({ reason: "DIGEST_MISMATCH" });
  expect([await store.stat(sha256), await store.stat(wrong.sha256)]).toEqual([undefined, undefined]);
  await expect.poll(() => countUploads(bucket)).toBe(0);
});

test("what is not stored is undefined, and its removal and quarantine are no errors", async () => {
  const store = await openBucket(await startContractServer());
  const sha256 = digestOf(Buffer.from("missing"));
  expect(await store.stat(sha256)).toBeUndefined();
  expect(await store.read(sha256)).toBeUndefined();
  await store.remove(sha256);
  await store.quarantine(sha256);
  expect(await store.list(10)).toEqual({ blobs: [], next: undefined });
});

test("a blob is removed; one in quarantine is neither read nor listed", async () => {
  const store = await openBucket(await startContractServer());
  const [gone, bad, kept] = [createBlob(1_000), createBlob(2_000), createBlob(3_000)];
  for (const blob of [gone, bad, kept]) await store.put(blob.sha256, blob.source);
  await store.remove(gone.sha256);
  await store.quarantine(bad.sha256);
  expect([await store.stat(gone.sha256), await store.stat(bad.sha256)]).toEqual([undefined, undefined]);
  expect((await store.list(10)).blobs).toMatchObject([{ sha256: kept.sha256, sizeBytes: 3_000 }]);
  expect(await store.put(bad.sha256, bad.source)).toBe(true);
});

test("pages list every blob once, in the order of the digests", async () => {
  const store = await openBucket(await startContractServer());
  const blobs = Array.from({ length: 11 }, (_, n) => createBlob(100 + n));
  for (const blob of blobs) await store.put(blob.sha256, blob.source);
  const found: string[] = [];
  let next: string | undefined;
  do {
    const page = await store.list(4, next);
    expect(page.blobs.length).toBeLessThanOrEqual(4);
    found.push(...page.blobs.map(({ sha256 }) => sha256));
    next = page.next;
  } while (next !== undefined);
  expect(found).toEqual(blobs.map(({ sha256 }) => sha256).sort());
});

test("an aborted put ends with its reason and leaves no parts", async () => {
  const bucket = await startContractServer();
  const store = await openBucket(bucket);
  const blob = createBlob(11 * mib);
  const stop = new AbortController();
  const source = {
    sizeBytes: blob.source.sizeBytes,
    async *open() {
      yield blob.bytes.subarray(0, 6 * mib);
      stop.abort(new Error("no longer needed"));
      await sleep(10);
      yield blob.bytes.subarray(6 * mib);
    },
  };
  await expect(store.put(blob.sha256, source, stop.signal)).rejects.toThrow("no longer needed");
  await expect.poll(() => countUploads(bucket)).toBe(0);
  expect(await store.stat(blob.sha256)).toBeUndefined();
});

test("a sweep aborts uploads of dead processes, and none that may still run", async () => {
  const bucket = await startContractServer();
  const client = connect(bucket);
  const place = { Bucket: "pictures", Key: `mesh/blobs/${digestOf(Buffer.from("half"))}` };
  const { UploadId } = await client.send(new CreateMultipartUploadCommand(place));
  await client.send(new UploadPartCommand({ ...place, UploadId, PartNumber: 1, Body: Buffer.alloc(5 * mib) }));
  expect(await (await openBucket(bucket)).sweep()).toBe(0);
  expect(await countUploads(bucket)).toBe(1);
  const later = await openBucket(bucket, {}, () => Date.now() + 2 * hourMs);
  expect(await later.sweep()).toBe(1);
  expect(await countUploads(bucket)).toBe(0);
});

test.each([
  {
    what: "a missing bucket",
    address: "s3://no-such-bucket/mesh",
    text: /`no-such-bucket` does not exist.*PIXELMESH_STORAGE_COLD/,
  },
  {
    what: "an unknown access key",
    key: "other",
    text: /access key is not known.*AWS_ACCESS_KEY_ID.*(InvalidAccessKeyId|XAdminUserNotFound)/,
  },
  {
    what: "a wrong secret key",
    secret: "other",
    text: /secret key does not belong.*AWS_SECRET_ACCESS_KEY.*SignatureDoesNotMatch/,
  },
])("$what is named with what to set, by every call", async ({ address, key, secret, text }) => {
  const bucket = await startContractServer();
  useCredentials(key, secret);
  const store = await openBucket(bucket, address === undefined ? {} : { address });
  const blob = createBlob(1_000);
  const failure = { reason: "STORAGE_UNAVAILABLE", message: expect.stringMatching(text), retryAfterMs: 30_000 };
  await expect(store.check()).rejects.toMatchObject(failure);
  await expect(store.put(blob.sha256, blob.source)).rejects.toMatchObject(failure);
  await expect(store.stat(blob.sha256)).rejects.toMatchObject(failure);
  await expect(store.read(blob.sha256)).rejects.toMatchObject(failure);
});

test("a store that can be used passes its check", async () => {
  await (await openBucket(await startContractServer())).check();
});
