import dns from "node:dns";
import type { S3Fault } from "@pixelmesh/testing/s3";
import { expect, onTestFinished, test, vi } from "vitest";
import { createBlob, digestOf, mib, openBucket, readAll, startSmallServer } from "./s3-test-bucket.ts";

const slowDown: S3Fault["how"] = {
  kind: "status",
  status: 503,
  code: "SlowDown",
  message: "Please reduce your request rate.",
};
const unavailable = { reason: "STORAGE_UNAVAILABLE", retryAfterMs: expect.any(Number) };

test.each<{ what: string; how: S3Fault["how"] }>([
  { what: "503 SlowDown", how: slowDown },
  { what: "a broken connection", how: { kind: "reset" } },
  { what: "bytes that changed on their way", how: { kind: "status", status: 400, code: "BadDigest" } },
])("a put is repeated after $what", async ({ how }) => {
  const server = await startSmallServer();
  const store = await openBucket(server);
  const blob = createBlob(40_000);
  server.fail({ operation: "PutObject", times: 2, how });
  expect(await store.put(blob.sha256, blob.source)).toBe(true);
  expect(server.count("PutObject")).toBe(3);
  expect(server.content.objects.size).toBe(1);
});

test("a put whose answer is lost has stored its blob", async () => {
  const server = await startSmallServer();
  const store = await openBucket(server);
  const small = createBlob(40_000);
  server.fail({ operation: "PutObject", how: { kind: "lostAnswer" } });
  expect(await store.put(small.sha256, small.source)).toBe(true);
  const large = createBlob(7 * mib);
  server.fail({ operation: "CompleteMultipartUpload", how: { kind: "lostAnswer" } });
  expect(await store.put(large.sha256, large.source)).toBe(true);
  expect(server.content.uploads.size).toBe(0);
  expect(digestOf((await readAll(await store.read(large.sha256))) as Buffer)).toBe(large.sha256);
});

test("a server that stays busy gets the attempts of the setting, and the failure has a retry delay", async () => {
  const server = await startSmallServer();
  const store = await openBucket(server, { PIXELMESH_STORAGE_S3_ATTEMPTS: "3" });
  server.fail({ times: 1_000, how: slowDown });
  const blob = createBlob(1_000);
  await expect(store.put(blob.sha256, blob.source)).rejects.toMatchObject({
    ...unavailable,
    message: expect.stringContaining("SlowDown: Please reduce your request rate."),
    metadata: { code: "SlowDown", status: "503" },
  });
  expect(server.count("PutObject")).toBe(3);
  server.heal();
  expect(await store.put(blob.sha256, blob.source)).toBe(true);
});

test("all calls together make no more retries than the budget, and go on once the server answers", async () => {
  const server = await startSmallServer();
  const store = await openBucket(server, { PIXELMESH_STORAGE_S3_RETRY_BUDGET: "5" });
  server.fail({ times: 1_000, how: slowDown });
  const blobs = Array.from({ length: 12 }, () => createBlob(1_000));
  const put = () => Promise.allSettled(blobs.map((blob) => store.put(blob.sha256, blob.source)));
  expect((await put()).every(({ status }) => status === "rejected")).toBe(true);
  expect(server.count("PutObject")).toBe(12 + 5);
  server.heal();
  expect((await put()).every(({ status }) => status === "fulfilled")).toBe(true);
});

test("a failed part is sent again; an upload whose part keeps failing is aborted and stores nothing", async () => {
  const server = await startSmallServer();
  const store = await openBucket(server);
  const good = createBlob(11 * mib);
  server.fail({ operation: "UploadPart", skip: 1, how: { kind: "reset" } });
  expect(await store.put(good.sha256, good.source)).toBe(true);
  expect(server.count("UploadPart")).toBeGreaterThanOrEqual(3);

  const bad = createBlob(11 * mib);
  server.fail({
    operation: "UploadPart",
    skip: 1,
    times: 1_000,
    how: { kind: "status", status: 500, code: "InternalError" },
  });
  await expect(store.put(bad.sha256, bad.source)).rejects.toMatchObject(unavailable);
  expect(server.content.uploads.size).toBe(0);
  expect(server.content.objects.size).toBe(1);
});

test.each<{ what: string; how: S3Fault["how"] }>([
  { what: "breaks", how: { kind: "cut", afterBytes: 1_500_000 } },
  { what: "stalls", how: { kind: "stall", afterBytes: 1_500_000 } },
])("a read that $what goes on from the byte where it ended", async ({ how }) => {
  const server = await startSmallServer();
  const store = await openBucket(server, { PIXELMESH_STORAGE_S3_STALL_TIMEOUT: "300ms" });
  const blob = createBlob(4 * mib);
  await store.put(blob.sha256, blob.source);
  server.fail({ operation: "GetObject", times: 2, how });
  expect(digestOf((await readAll(await store.read(blob.sha256))) as Buffer)).toBe(blob.sha256);
  const ranges = server.log.filter(({ operation }) => operation === "GetObject").map(({ headers }) => headers.range);
  expect(ranges).toEqual([undefined, "bytes=1500000-4194303", "bytes=3000000-4194303"]);

  server.fail({ operation: "GetObject", how: { kind: "cut", afterBytes: 100_000 } });
  const part = await readAll(await store.read(blob.sha256, { offsetBytes: 1_000_000, lengthBytes: 2_000_000 }));
  expect(part?.equals(blob.bytes.subarray(1_000_000, 3_000_000))).toBe(true);
});

test("a read that keeps breaking fails with a reason", async () => {
  const server = await startSmallServer();
  const store = await openBucket(server);
  const blob = createBlob(1 * mib);
  await store.put(blob.sha256, blob.source);
  server.fail({ operation: "GetObject", times: 1_000, how: { kind: "cut", afterBytes: 0 } });
  await expect(readAll(await store.read(blob.sha256))).rejects.toMatchObject(unavailable);
  expect(server.count("GetObject")).toBeLessThanOrEqual(5);
});

test("an object that is replaced during a read is not mixed with its successor", async () => {
  const server = await startSmallServer();
  const store = await openBucket(server);
  const blob = createBlob(1 * mib);
  await store.put(blob.sha256, blob.source);
  server.fail({ operation: "GetObject", how: { kind: "cut", afterBytes: 300_000 } });
  const reading = readAll(await store.read(blob.sha256));
  const [[key, object]] = [...server.content.objects] as [
    [string, NonNullable<ReturnType<typeof server.content.objects.get>>],
  ];
  server.content.objects.set(key, { ...object, etag: '"another"' });
  await expect(reading).rejects.toMatchObject(unavailable);
});

test("a silent server is given up, and used again when it answers", async () => {
  const server = await startSmallServer();
  const store = await openBucket(server, {
    PIXELMESH_STORAGE_S3_FIRST_BYTE_TIMEOUT: "200ms",
    PIXELMESH_STORAGE_S3_PART_TIMEOUT: "300ms",
    PIXELMESH_STORAGE_S3_ATTEMPTS: "2",
  });
  const blob = createBlob(1_000);
  server.fail({ times: 1_000, how: { kind: "silence" } });
  await expect(store.put(blob.sha256, blob.source)).rejects.toMatchObject(unavailable);
  await expect(store.stat(blob.sha256)).rejects.toMatchObject(unavailable);
  await expect(store.read(blob.sha256)).rejects.toMatchObject(unavailable);
  await expect(store.check()).rejects.toMatchObject(unavailable);
  server.heal();
  expect(await store.put(blob.sha256, blob.source)).toBe(true);
});

test("a call ends after its whole time, and at once when its caller gives up", async () => {
  const server = await startSmallServer();
  const store = await openBucket(server, { PIXELMESH_STORAGE_S3_TIMEOUT: "400ms" });
  server.fail({ times: 1_000, how: { kind: "silence" } });
  await expect(store.check()).rejects.toMatchObject({
    ...unavailable,
    message: expect.stringContaining("took more than 400 ms"),
  });
  const patient = await openBucket(server);
  const stop = new AbortController();
  const checking = patient.check(stop.signal);
  stop.abort(new Error("no longer needed"));
  await expect(checking).rejects.toThrow("no longer needed");
});

test("a server that is down is named with its setting", async () => {
  const server = await startSmallServer();
  const store = await openBucket(server, { PIXELMESH_STORAGE_S3_ATTEMPTS: "1" });
  await server[Symbol.asyncDispose]();
  await expect(store.check()).rejects.toMatchObject({
    ...unavailable,
    message: expect.stringMatching(/nothing listens there.*PIXELMESH_STORAGE_S3_ENDPOINT/),
  });
});

test.each([
  { code: "AccessDenied", status: 403, text: /s3:PutObject/ },
  { code: "InvalidStorageClass", status: 400, text: /PIXELMESH_STORAGE_S3_CLASS/ },
  { code: "ExpiredToken", status: 400, text: /have expired/ },
  { code: "PermanentRedirect", status: 301, text: /PIXELMESH_STORAGE_S3_REGION/ },
])("$code is named with what to do, without a retry", async ({ code, status, text }) => {
  const server = await startSmallServer();
  const store = await openBucket(server);
  const blob = createBlob(1_000);
  server.fail({ operation: "PutObject", how: { kind: "status", status, code } });
  await expect(store.put(blob.sha256, blob.source)).rejects.toMatchObject({
    reason: "STORAGE_UNAVAILABLE",
    message: expect.stringMatching(text),
  });
  expect(server.count("PutObject")).toBe(1);
});

test("a wrong region is named with its setting", async () => {
  const server = await startSmallServer();
  const store = await openBucket(server, { PIXELMESH_STORAGE_S3_REGION: "us-west-9" });
  await expect(store.check()).rejects.toMatchObject({
    ...unavailable,
    message: expect.stringContaining("PIXELMESH_STORAGE_S3_REGION"),
  });
});

test("a reader that leaves early closes its connection", async () => {
  const server = await startSmallServer();
  const store = await openBucket(server);
  const blob = createBlob(8 * mib);
  await store.put(blob.sha256, blob.source);
  for await (const chunk of (await store.read(blob.sha256)) ?? []) {
    expect(chunk.byteLength).toBeGreaterThan(0);
    expect(await server.connections()).toBeGreaterThan(0);
    break;
  }
  await expect.poll(() => server.connections()).toBe(0);
});

test("a full bucket is STORAGE_FULL, for small and large blobs, and takes blobs again after a removal", async () => {
  const server = await startSmallServer({ quotaBytes: 8 * mib });
  const store = await openBucket(server);
  const first = createBlob(6 * mib);
  await store.put(first.sha256, first.source);
  const full = {
    reason: "STORAGE_FULL",
    retryAfterMs: expect.any(Number),
    message: expect.stringContaining("QuotaExceeded"),
  };
  const [small, large] = [createBlob(3 * mib), createBlob(7 * mib)];
  await expect(store.put(small.sha256, small.source)).rejects.toMatchObject(full);
  await expect(store.put(large.sha256, large.source)).rejects.toMatchObject(full);
  expect(server.content.uploads.size).toBe(0);
  await store.remove(first.sha256);
  expect(await store.put(small.sha256, small.source)).toBe(true);
});

test("a clock that is an hour off is corrected by the server's", async () => {
  const server = await startSmallServer({ unixMs: () => Date.now() + 3_600_000 });
  const store = await openBucket(server);
  const blob = createBlob(1_000);
  expect(await store.put(blob.sha256, blob.source)).toBe(true);
});

test("a server without conditional puts is asked first", async () => {
  const server = await startSmallServer({ conditionalPuts: false });
  const store = await openBucket(server);
  const [one, two] = [createBlob(1_000), createBlob(2_000)];
  expect([await store.put(one.sha256, one.source), await store.put(one.sha256, one.source)]).toEqual([true, false]);
  expect([await store.put(two.sha256, two.source), await store.put(two.sha256, two.source)]).toEqual([true, false]);
  expect(server.log.filter(({ status }) => status === 501)).toHaveLength(1);
});

test("checksums, storage class and encryption are sent as set", async () => {
  const server = await startSmallServer();
  const store = await openBucket(server, {
    PIXELMESH_STORAGE_S3_CLASS: "STANDARD_IA",
    PIXELMESH_STORAGE_S3_ENCRYPTION: "aws:kms",
    PIXELMESH_STORAGE_S3_KMS_KEY: "key-1",
  });
  const [small, large] = [createBlob(1_000), createBlob(6 * mib)];
  for (const blob of [small, large]) await store.put(blob.sha256, blob.source);
  const checksums = server.log.filter(({ operation }) => operation === "PutObject" || operation === "UploadPart");
  expect(checksums.map(({ headers }) => headers["x-amz-checksum-sha256"])).toEqual([
    Buffer.from(small.sha256, "hex").toString("base64"),
    expect.any(String),
    expect.any(String),
  ]);
  for (const { headers } of server.content.objects.values())
    expect(headers).toEqual({
      "x-amz-storage-class": "STANDARD_IA",
      "x-amz-server-side-encryption": "aws:kms",
      "x-amz-server-side-encryption-aws-kms-key-id": "key-1",
    });

  const plain = await openBucket(server, { PIXELMESH_STORAGE_S3_CHECKSUM: "none" });
  const other = createBlob(1_000);
  await plain.put(other.sha256, other.source);
  expect(server.log.at(-1)?.headers["x-amz-checksum-sha256"]).toBeUndefined();
});

test("the bucket stands in the path, or in the host", async () => {
  const server = await startSmallServer();
  await (await openBucket(server, { PIXELMESH_STORAGE_S3_STYLE: "path" })).check();
  expect(server.log.at(-1)?.style).toBe("path");
  // Few resolvers know names below localhost.
  const { lookup } = dns;
  const anyName = (_: string, ...rest: [dns.LookupAllOptions, never]) => lookup("127.0.0.1", ...rest);
  vi.spyOn(dns, "lookup").mockImplementation(anyName as unknown as typeof lookup);
  onTestFinished(() => void vi.restoreAllMocks());
  const PIXELMESH_STORAGE_S3_ENDPOINT = server.endpoint.replace("127.0.0.1", "localhost");
  const hosted = await openBucket(server, { PIXELMESH_STORAGE_S3_STYLE: "host", PIXELMESH_STORAGE_S3_ENDPOINT });
  await hosted.check();
  expect(server.log.at(-1)?.style).toBe("host");
});

test("uploads wait for memory, and are refused when it stays taken", async () => {
  const server = await startSmallServer();
  const store = await openBucket(server, { PIXELMESH_STORAGE_S3_UPLOAD_MEMORY: "16MiB" });
  const blobs = Array.from({ length: 4 }, () => createBlob(6 * mib));
  const stored = await Promise.all(blobs.map((blob) => store.put(blob.sha256, blob.source)));
  expect(stored).toEqual([true, true, true, true]);
});
