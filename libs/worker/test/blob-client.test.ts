import { randomBytes } from "node:crypto";
import { contentOf } from "@pixelmesh/imaging";
import {
  BlobKind,
  type GetBlobResponse,
  type PutBlobRequest,
  StorageServiceDefinition,
  type StorageServiceImplementation,
} from "@pixelmesh/proto";
import { connectRpc, createHealth, startRpcServer } from "@pixelmesh/rpc";
import { createLogger, createMetrics } from "@pixelmesh/telemetry";
import { expect, onTestFinished, test } from "vitest";
import { connectBlobs } from "../src/index.ts";

const retention = { kind: BlobKind.INPUT, jobId: "job", keepUntilUnixMs: 0 };
const kib = 1024;

/** Starts a storage that keeps one blob in memory and counts its calls. One of a former release has no calls in one message. */
async function startStorage({ isFormer }: { isFormer: boolean }) {
  const calls: string[] = [];
  let stored = Buffer.alloc(0);
  const answer = () => ({ blob: { sha256: "x", sizeBytes: stored.length, mediaType: "" } });
  const unused = async () => {
    throw new Error("not used in this test");
  };
  const streams = {
    async putBlob(stream: AsyncIterable<PutBlobRequest>) {
      calls.push("putBlob");
      const chunks: Uint8Array[] = [];
      for await (const { part } of stream) if (part?.$case === "chunk") chunks.push(part.value);
      stored = Buffer.concat(chunks);
      return answer();
    },
    async *getBlob(): AsyncGenerator<GetBlobResponse> {
      calls.push("getBlob");
      const { blob } = answer();
      yield { part: { $case: "header", value: { blob, offsetBytes: 0, lengthBytes: stored.length } } };
      yield { part: { $case: "chunk", value: stored } };
    },
    statBlob: unused,
    deleteBlob: unused,
    reserveSpace: unused,
    releaseBlobs: unused,
    getStats: unused,
    promoteBlobs: unused,
    async *checkStore() {},
  };
  const implementation: StorageServiceImplementation = {
    ...streams,
    async putSmallBlob({ content }) {
      calls.push("putSmallBlob");
      stored = Buffer.from(content);
      return answer();
    },
    async getSmallBlob() {
      calls.push("getSmallBlob");
      return { content: stored };
    },
  };
  const { putSmallBlob: _, getSmallBlob: __, ...formerMethods } = StorageServiceDefinition.methods;
  const health = createHealth();
  const server = await startRpcServer({
    host: "127.0.0.1",
    port: 0,
    log: createLogger({ service: "test", level: "silent" }),
    metrics: createMetrics("test", "0"),
    health,
    serviceNames: [],
    register(it) {
      if (isFormer) it.add({ ...StorageServiceDefinition, methods: formerMethods }, streams);
      else it.add(StorageServiceDefinition, implementation);
    },
  });
  const connection = connectRpc(server.address);
  onTestFinished(async () => {
    connection.close();
    await server.stop(100);
    health.close();
  });
  return { blobs: connectBlobs(connection), calls, stored: () => stored };
}

test("up to 64 KiB travel in one message, more in a stream", async () => {
  const { blobs, calls, stored } = await startStorage({ isFormer: false });
  for (const sizeBytes of [1, 64 * kib, 64 * kib + 1, 900 * kib]) {
    const bytes = randomBytes(sizeBytes);
    // Also content in several parts.
    await blobs.put(
      contentOf(bytes.subarray(0, sizeBytes >> 1), bytes.subarray(sizeBytes >> 1)),
      "image/png",
      retention,
    );
    expect(stored().equals(bytes)).toBe(true);
    const read = await blobs.get({ sha256: "x", sizeBytes }, 1_000 * kib);
    expect(Buffer.from(read).equals(bytes)).toBe(true);
  }
  const inOne = ["putSmallBlob", "getSmallBlob"];
  const streamed = ["putBlob", "getBlob"];
  expect(calls).toEqual([...inOne, ...inOne, ...streamed, ...streamed]);
});

test("a blob of unknown size, or of more than the caller allows, is read as a stream", async () => {
  const { blobs, calls } = await startStorage({ isFormer: false });
  await blobs.put(contentOf(randomBytes(100)), "image/png", retention);
  expect(await blobs.get({ sha256: "x", sizeBytes: 0 }, kib)).toHaveLength(100);
  await expect(blobs.get({ sha256: "x", sizeBytes: 100 }, 99)).rejects.toMatchObject({
    reason: "IMAGE_TOO_MANY_BYTES",
  });
  expect(calls).toEqual(["putSmallBlob", "getBlob", "getBlob"]);
});

test("a storage of a former release gets and gives small blobs in streams", async () => {
  const { blobs, calls, stored } = await startStorage({ isFormer: true });
  const bytes = randomBytes(2_000);
  await blobs.put(contentOf(bytes), "image/png", retention);
  expect(stored().equals(bytes)).toBe(true);
  expect(Buffer.from(await blobs.get({ sha256: "x", sizeBytes: 2_000 }, 10 * kib)).equals(bytes)).toBe(true);
  expect(calls).toEqual(["putBlob", "getBlob"]);
});
