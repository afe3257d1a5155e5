import { execFileSync } from "node:child_process";
import { createHash, randomBytes } from "node:crypto";
import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { type AddressInfo, connect, createServer, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { startBroker } from "@pixelmesh/bus";
import { loadConfig } from "@pixelmesh/config";
import { createLifecycle } from "@pixelmesh/lifecycle";
import { BlobKind, type PutBlobHeader, StorageServiceDefinition } from "@pixelmesh/proto";
import { connectRpc, toChunks } from "@pixelmesh/rpc";
import { createLogger } from "@pixelmesh/telemetry";
import { expect, onTestFinished, test } from "vitest";
import { startStorage, storageFields } from "../src/index.ts";

const mib = 1024 * 1024;
const hourMs = 3_600_000;
const log = createLogger({ service: "test", level: "silent" });

/** Starts the service on free ports with its own broker, and a client. `dir` is the store's directory. */
async function startTestStorage(env: Record<string, string> = {}) {
  const root = mkdtempSync(join(tmpdir(), "pixelmesh-storage-"));
  const broker = await startBroker({ dataDir: join(root, "nats") });
  const life = createLifecycle(log);
  const dir = env.PIXELMESH_STORAGE_DIR ?? join(root, "blobs");
  const config = loadConfig(storageFields, {
    PIXELMESH_NATS_URL: broker.url,
    PIXELMESH_STORAGE_DIR: dir,
    PIXELMESH_STORAGE_GRPC_PORT: "0",
    PIXELMESH_STORAGE_HEALTH_PORT: "0",
    PIXELMESH_STORAGE_METRICS_PORT: "0",
    ...env,
  });
  const { rpc } = await startStorage(config, life, log);
  const connection = connectRpc(rpc.address);
  onTestFinished(async () => {
    connection.close();
    await life.close();
    await broker.stop();
    rmSync(root, { recursive: true, force: true });
  });
  return { address: rpc.address, client: connection.client(StorageServiceDefinition), dir };
}

/** Starts a TCP proxy to an address; `cut` ends all its connections. */
async function startProxy(target: string) {
  const [host, port] = target.split(":");
  const sockets: Socket[] = [];
  const server = createServer((near) => {
    const far = connect(Number(port), host as string);
    sockets.push(near, far);
    for (const socket of [near, far]) socket.on("error", () => {});
    near.pipe(far).pipe(near);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const cut = () => {
    for (const socket of sockets) socket.destroy();
    server.close();
  };
  onTestFinished(cut);
  return { address: `127.0.0.1:${(server.address() as AddressInfo).port}`, cut };
}

/** Returns the garbage collector of this process. */
function exposeGc(): () => void {
  setFlagsFromString("--expose-gc");
  return runInNewContext("gc") as () => void;
}
type Client = Awaited<ReturnType<typeof startTestStorage>>["client"];

async function* begin(bytes: Uint8Array, header: Partial<PutBlobHeader> = {}) {
  yield { part: { $case: "header" as const, value: header } };
  for (const value of toChunks(bytes)) yield { part: { $case: "chunk" as const, value: Buffer.from(value) } };
}

async function* upload(bytes: Uint8Array, header: Partial<PutBlobHeader> = {}) {
  yield* begin(bytes, header);
  yield { part: { $case: "end" as const, value: {} } };
}

async function download(client: Client, sha256: string, offsetBytes = 0, lengthBytes = 0) {
  const chunks: Uint8Array[] = [];
  const stream = client.getBlob({ sha256, offsetBytes, lengthBytes });
  for await (const { part } of stream) if (part?.$case === "chunk") chunks.push(part.value);
  return Buffer.concat(chunks);
}

const digestOf = (bytes: Uint8Array) => createHash("sha256").update(bytes).digest("hex");
const pathOf = (dir: string, sha256: string) => join(dir, "blobs", sha256.slice(0, 2), sha256.slice(2, 4), sha256);

test("a put blob can be read completely and in ranges, and is stored under its digest", async () => {
  const { client, dir } = await startTestStorage();
  const bytes = randomBytes(5 * mib + 123);
  const header = { sha256: digestOf(bytes), sizeBytes: bytes.length, mediaType: "image/png" };
  const put = await client.putBlob(upload(bytes, header));
  expect(put).toMatchObject({ blob: header, existed: false });
  expect(put.keepUntilUnixMs).toBeGreaterThan(Date.now());
  expect((await download(client, header.sha256)).equals(bytes)).toBe(true);
  expect((await download(client, header.sha256, 3 * mib - 1, 2)).equals(bytes.subarray(3 * mib - 1, 3 * mib + 1))).toBe(
    true,
  );
  expect(readFileSync(pathOf(dir, header.sha256)).equals(bytes)).toBe(true);
  expect(await client.putBlob(upload(bytes))).toMatchObject({ existed: true });
  expect(await client.getStats({})).toMatchObject({
    blobs: 1,
    sizeBytes: bytes.length,
    putsTotal: 2,
    putsDeduplicatedTotal: 1,
  });
});

test("a small blob is put and read in one message each, as a stream would", async () => {
  const { client, dir } = await startTestStorage();
  const bytes = randomBytes(64 * 1024);
  const sha256 = digestOf(bytes);
  const header = { sizeBytes: bytes.length, mediaType: "image/png" };
  const put = await client.putSmallBlob({ header, content: bytes });
  expect(put).toMatchObject({ blob: { sha256, ...header }, existed: false });
  expect(put.keepUntilUnixMs).toBeGreaterThan(Date.now());
  expect(readFileSync(pathOf(dir, sha256)).equals(bytes)).toBe(true);
  expect(Buffer.from((await client.getSmallBlob({ sha256 })).content).equals(bytes)).toBe(true);
  expect((await download(client, sha256)).equals(bytes)).toBe(true);
  expect(await client.putBlob(upload(bytes))).toMatchObject({ existed: true });
  expect(await client.putSmallBlob({ content: bytes })).toMatchObject({ blob: { sha256 }, existed: true });
});

test("calls of small blobs refuse what a stream refuses, and larger blobs", async () => {
  const { client, dir } = await startTestStorage();
  const content = randomBytes(10);
  const { blob } = await client.putSmallBlob({ content });
  const sha256 = blob!.sha256;
  const large = await client.putBlob(upload(randomBytes(64 * 1024 + 1)));
  const refused: [() => Promise<unknown>, string, string][] = [
    [() => client.putSmallBlob({ content: randomBytes(64 * 1024 + 1) }), "INVALID_ARGUMENT", "content"],
    [() => client.putSmallBlob({ content: randomBytes(9), header: { sha256 } }), "DIGEST_MISMATCH", "header.sha256"],
    [() => client.putSmallBlob({ content, header: { sizeBytes: 9 } }), "INVALID_ARGUMENT", "header.size_bytes"],
    [() => client.putSmallBlob({ content, header: { sizeBytes: -1 } }), "INVALID_ARGUMENT", "header.size_bytes"],
    [
      () => client.putSmallBlob({ content, header: { keepUntilUnixMs: 9e15 } }),
      "INVALID_ARGUMENT",
      "header.keep_until_unix_ms",
    ],
    [() => client.getSmallBlob({ sha256: "../../etc" }), "INVALID_ARGUMENT", "sha256"],
    [() => client.getSmallBlob({ sha256: large.blob!.sha256 }), "INVALID_ARGUMENT", "sha256"],
  ];
  for (const [call, reason, field] of refused) {
    await expect(call()).rejects.toMatchObject({ reason, fields: [expect.objectContaining({ field })] });
  }
  await expect(client.getSmallBlob({ sha256: digestOf(randomBytes(1)) })).rejects.toMatchObject({
    reason: "BLOB_NOT_FOUND",
  });
  writeFileSync(pathOf(dir, sha256), randomBytes(10));
  await expect(client.getSmallBlob({ sha256 })).rejects.toMatchObject({ reason: "BLOB_CORRUPT" });
});

test("a small put beyond the memory of uploads is refused with QUEUE_FULL, and small reads wait for that of downloads", async () => {
  const { client } = await startTestStorage({
    PIXELMESH_STORAGE_UPLOAD_MEMORY: "64KiB",
    PIXELMESH_STORAGE_DOWNLOAD_MEMORY: "64KiB",
  });
  // The overhead of an upload is charged besides its bytes.
  await expect(client.putSmallBlob({ content: randomBytes(60 * 1024) })).rejects.toMatchObject({
    reason: "QUEUE_FULL",
    retryAfterMs: 1_000,
  });
  const content = randomBytes(30 * 1024);
  expect(await client.putSmallBlob({ content })).toMatchObject({ existed: false });
  // One read takes the whole budget, so they run one after another.
  const sha256 = digestOf(content);
  const reads = await Promise.all(Array.from({ length: 20 }, () => client.getSmallBlob({ sha256 })));
  expect(reads.every((read) => Buffer.from(read.content).equals(content))).toBe(true);
});

test("one call releases the blobs of several jobs", async () => {
  const { client } = await startTestStorage();
  const jobIds = ["job-a", "job-b", "job-c"];
  for (const jobId of jobIds) {
    const header = { kind: BlobKind.INPUT, jobId, keepUntilUnixMs: Date.now() + hourMs };
    await client.putSmallBlob({ header, content: randomBytes(100) });
  }
  expect(await client.releaseBlobs({ jobId: "job-a", furtherJobIds: ["job-b", "unknown"] })).toEqual({
    released: 2,
    releasedJobs: 3,
  });
  expect(await client.releaseBlobs({ jobId: "job-c" })).toEqual({ released: 1, releasedJobs: 1 });
  const furtherJobIds = Array.from({ length: 1_001 }, (_, n) => `job-${n}`);
  for (const request of [
    { jobId: "", furtherJobIds: ["job-a"] },
    { jobId: "job-a", furtherJobIds },
    { jobId: "job-a", furtherJobIds: ["job-b"], sha256: [digestOf(randomBytes(1))] },
  ])
    await expect(client.releaseBlobs(request)).rejects.toMatchObject({ reason: "INVALID_ARGUMENT" });
});

test("invalid requests are refused with the name of the invalid field", async () => {
  const { client } = await startTestStorage();
  const { blob } = await client.putBlob(upload(randomBytes(10)));
  const sha256 = blob!.sha256;
  await expect(client.statBlob({ sha256: "../../etc" })).rejects.toMatchObject({
    reason: "INVALID_ARGUMENT",
    message: "Expected `sha256` to be 64 lower-case hex digits, got `../../etc`",
  });
  const refused: [() => Promise<unknown>, string, string][] = [
    [() => client.putBlob(upload(randomBytes(9), { sha256 })), "DIGEST_MISMATCH", "header.sha256"],
    [() => client.putBlob(upload(randomBytes(9), { sizeBytes: 8 })), "INVALID_ARGUMENT", "header.size_bytes"],
    [() => client.putBlob(upload(randomBytes(9), { sizeBytes: -1 })), "INVALID_ARGUMENT", "header.size_bytes"],
    [
      () => client.putBlob(upload(randomBytes(9), { keepUntilUnixMs: 9e15 })),
      "INVALID_ARGUMENT",
      "header.keep_until_unix_ms",
    ],
    [() => client.statBlob({ sha256, keepUntilUnixMs: -5 }), "INVALID_ARGUMENT", "keep_until_unix_ms"],
    [() => download(client, sha256, 11), "INVALID_ARGUMENT", "offset_bytes"],
    [() => download(client, sha256, 0, -1), "INVALID_ARGUMENT", "length_bytes"],
  ];
  for (const [call, reason, field] of refused) {
    await expect(call()).rejects.toMatchObject({ reason, fields: [expect.objectContaining({ field })] });
  }
  await expect(client.statBlob({ sha256: digestOf(randomBytes(1)) })).rejects.toMatchObject({
    reason: "BLOB_NOT_FOUND",
  });
});

test("a blob that changed on disk ends its download with BLOB_CORRUPT before the last byte, and is removed", async () => {
  const { client, dir } = await startTestStorage();
  const bytes = randomBytes(3 * mib);
  const { blob } = await client.putBlob(upload(bytes));
  bytes[2_000_000]! ^= 0x80;
  writeFileSync(pathOf(dir, blob!.sha256), bytes);
  let received = 0;
  const reading = (async () => {
    for await (const { part } of client.getBlob({ sha256: blob!.sha256 })) {
      if (part?.$case === "chunk") received += part.value.length;
    }
  })();
  await expect(reading).rejects.toMatchObject({ reason: "BLOB_CORRUPT" });
  expect(received).toBeLessThan(bytes.length);
  await expect(download(client, blob!.sha256)).rejects.toMatchObject({ reason: "BLOB_NOT_FOUND" });
  expect(await client.getStats({})).toMatchObject({ blobs: 0, corruptTotal: 1 });
});

test("stat extends lifetimes and never shortens them, and delete returns whether the blob existed", async () => {
  const { client } = await startTestStorage();
  const wantedMs = Date.now() + 48 * hourMs;
  const { blob, keepUntilUnixMs } = await client.putBlob(upload(randomBytes(10), { keepUntilUnixMs: wantedMs }));
  expect(keepUntilUnixMs).toBe(wantedMs);
  const { sha256 } = blob!;
  expect((await client.statBlob({ sha256, keepUntilUnixMs: Date.now() + hourMs })).keepUntilUnixMs).toBe(wantedMs);
  const extended = await client.statBlob({ sha256, keepUntilUnixMs: wantedMs + hourMs });
  expect(extended.keepUntilUnixMs).toBeGreaterThanOrEqual(wantedMs + hourMs);
  expect(await client.deleteBlob({ sha256 })).toEqual({ existed: true });
  expect(await client.deleteBlob({ sha256 })).toEqual({ existed: false });
});

test("an upload that is cancelled or whose client disappears is not stored and leaves no temporary file", async () => {
  const { address, client, dir } = await startTestStorage();
  const temps = () => readdirSync(join(dir, "tmp")).length;
  // Without a size only the missing end distinguishes a partial upload from a complete one.
  for (const [way, header] of [
    ["cancel", {}],
    ["vanish", {}],
    ["cancel", { sizeBytes: 3 * mib }],
    ["vanish", { sizeBytes: 3 * mib }],
  ] as const) {
    const controller = new AbortController();
    const through = await startProxy(address);
    const far = connectRpc(through.address);
    async function* breakingOff() {
      yield* begin(randomBytes(2 * mib), header);
      await expect.poll(temps).toBe(1);
      if (way === "cancel") controller.abort();
      else through.cut();
      await new Promise(() => {}); // A client that has disappeared does not end its stream.
    }
    const signal = AbortSignal.any([controller.signal, AbortSignal.timeout(2_000)]);
    await expect(far.client(StorageServiceDefinition).putBlob(breakingOff(), { signal })).rejects.toThrow();
    far.close();
    await expect.poll(temps).toBe(0);
  }
  await expect(client.putBlob(begin(randomBytes(9)))).rejects.toMatchObject({
    reason: "INVALID_ARGUMENT",
    message: "Expected `part` to be an end in the last message, got `nothing`",
  });
  expect(await client.getStats({})).toMatchObject({ blobs: 0, sizeBytes: 0 });
});

test("a slow reader of a large blob does not raise the service's memory", async () => {
  const { client } = await startTestStorage();
  // A busy machine may take longer than the usual deadline.
  const options = { timeoutMs: 180_000 };
  const { blob } = await client.putBlob(upload(Buffer.alloc(192 * mib, 7)), options);
  const gc = exposeGc();
  gc();
  const before = process.memoryUsage().external;
  let most = 0;
  let received = 0;
  for await (const { part } of client.getBlob({ sha256: blob!.sha256 }, options)) {
    if (part?.$case !== "chunk") continue;
    received += part.value.length;
    if (received < 8 * mib) await sleep(50);
    if (received % (8 * mib) !== 0) continue;
    // Unreferenced buffers would be counted until they are collected.
    gc();
    most = Math.max(most, process.memoryUsage().external - before);
  }
  expect(received).toBe(192 * mib);
  // Includes the client, which buffers 4 MiB.
  expect(most).toBeLessThan(32 * mib);
});

test("the service deletes expired blobs", async () => {
  const { client, dir } = await startTestStorage({ PIXELMESH_STORAGE_SWEEP_EVERY: "100ms" });
  const { blob } = await client.putBlob(upload(randomBytes(10)));
  const path = pathOf(dir, blob!.sha256);
  // Whole seconds, because tenths of a millisecond encode the kind (docs/adr/0071).
  const twoHoursAgo = Math.floor(Date.now() / 1000) - 7_200;
  utimesSync(path, twoHoursAgo, twoHoursAgo);
  await expect.poll(() => statSync(path, { throwIfNoEntry: false })).toBeUndefined();
  expect(await client.getStats({})).toMatchObject({ blobs: 0, evictedTotal: 1 });
});

test("a put on a full file system fails with STORAGE_FULL and leaves nothing; puts succeed again once space is free", async ({
  skip,
}) => {
  const mount = mkdtempSync(join(tmpdir(), "pixelmesh-small-disk-"));
  try {
    execFileSync("mount", ["-t", "tmpfs", "-o", "size=8m", "tmpfs", mount], { stdio: "pipe" });
  } catch {
    rmSync(mount, { recursive: true });
    console.warn("SKIPPED: a small file system cannot be mounted here (needs root)");
    skip();
  }
  onTestFinished(() => {
    execFileSync("umount", ["-l", mount]);
    rmSync(mount, { recursive: true });
  });
  mkdirSync(join(mount, "store"));
  const { client, dir } = await startTestStorage({
    PIXELMESH_STORAGE_DIR: join(mount, "store"),
    PIXELMESH_STORAGE_MIN_FREE: "0B",
  });
  const { blob } = await client.putBlob(upload(randomBytes(5 * mib)));
  await expect(client.putBlob(upload(randomBytes(5 * mib)))).rejects.toMatchObject({ reason: "STORAGE_FULL" });
  expect(readdirSync(join(dir, "tmp"))).toEqual([]);
  await client.deleteBlob({ sha256: blob!.sha256 });
  await client.putBlob(upload(randomBytes(5 * mib)));
});
