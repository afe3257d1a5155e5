import { AppError } from "@pixelmesh/errors";
import { PutBlobHeader, type PutBlobRequest, StorageServiceDefinition } from "@pixelmesh/proto";
import { createLogger, createMetrics } from "@pixelmesh/telemetry";
import { ChannelCredentials, createChannel, createClientFactory, Metadata } from "nice-grpc";
import { Status } from "nice-grpc-common";
import { errorDetailsClientMiddleware } from "nice-grpc-error-details";
import { expect, onTestFinished, test } from "vitest";
import { connectRpc, createHealth, fromRpcError, splitHeader, startRpcServer } from "../src/index.ts";

const mib = 1024 * 1024;
const garbage = Uint8Array.of(0xff, 0xff, 0xff);
const { methods } = StorageServiceDefinition;
const toGarbage = { encode: () => ({ finish: () => garbage }), fromPartial: (message: never) => message };
/** The storage service of a client that sends garbage for StatBlob requests and for PutBlob requests without a part. */
const broken = {
  ...StorageServiceDefinition,
  methods: {
    ...methods,
    statBlob: { ...methods.statBlob, requestType: { ...methods.statBlob.requestType, ...toGarbage } },
    putBlob: {
      ...methods.putBlob,
      requestType: {
        ...methods.putBlob.requestType,
        encode: (message: PutBlobRequest) =>
          message.part ? methods.putBlob.requestType.encode(message) : toGarbage.encode(),
      },
    },
  },
} as unknown as typeof StorageServiceDefinition;

async function startTestServer() {
  const health = createHealth();
  const metrics = createMetrics("test", "0");
  const ends: string[] = [];
  const unused = async () => {
    throw new Error("not used in this test");
  };
  const server = await startRpcServer({
    host: "127.0.0.1",
    port: 0,
    metrics,
    health,
    serviceNames: [],
    log: createLogger({ service: "test", level: "silent" }),
    register: (it) => {
      it.add(StorageServiceDefinition, {
        deleteBlob: unused,
        getStats: unused,
        async *checkStore() {},
        reserveSpace: unused,
        putSmallBlob: unused,
        getSmallBlob: unused,
        releaseBlobs: unused,
        promoteBlobs: unused,
        async *getBlob() {},
        async statBlob({ sha256 }) {
          return { blob: { sha256: "", sizeBytes: sha256.length, mediaType: "" } };
        },
        async putBlob(stream) {
          try {
            const { chunks } = await splitHeader(stream, { isEndMarked: true });
            for await (const chunk of chunks) ends.push(`chunk of ${chunk.length}`);
            ends.push("whole");
          } catch (error) {
            ends.push("broken off");
            throw error;
          }
          return {};
        },
      });
    },
  });
  const connection = connectRpc(server.address);
  onTestFinished(async () => {
    connection.close();
    await server.stop(100);
    health.close();
  });
  const counted = async (method: string, reason: string) => {
    const labels = `rpc_method="pixelmesh.storage.v1.StorageService/${method}",reason="${reason}"`;
    const line = (await metrics.page()).text.split("\n").find((it) => it.includes(`refused_requests_total{${labels}`));
    return Number(line?.split(" ").at(-1) ?? 0);
  };
  return { address: server.address, ends, counted, connection, storage: connection.client(StorageServiceDefinition) };
}

const reasonOf = (call: Promise<unknown>) =>
  call.then(
    () => "none",
    (error: unknown) => fromRpcError(error).reason,
  );

test("bytes that are not the request's message are refused as MALFORMED_MESSAGE and counted; the next call is served", async () => {
  const { connection, storage, counted } = await startTestServer();
  const error = await connection
    .client(broken)
    .statBlob({})
    .catch((caught: unknown) => caught);
  expect(error).toBeInstanceOf(AppError);
  expect(error).toMatchObject({
    reason: "MALFORMED_MESSAGE",
    message: "The bytes of the request are not its message",
    cause: { code: Status.INVALID_ARGUMENT },
  });
  expect(await counted("StatBlob", "MALFORMED_MESSAGE")).toBe(1);
  expect(await storage.statBlob({ sha256: "abc" })).toMatchObject({ blob: { sizeBytes: 3 } });
});

test("a stream that turns into garbage is refused, and the part before it is not accepted as whole", async () => {
  const { connection, counted, ends } = await startTestServer();
  async function* upload(): AsyncGenerator<PutBlobRequest> {
    yield {
      part: {
        $case: "header",
        value: PutBlobHeader.fromPartial({ sha256: "", sizeBytes: 0, mediaType: "", keepUntilUnixMs: 0 }),
      },
    };
    yield { part: { $case: "chunk", value: new Uint8Array(9) } };
    yield { part: undefined };
    yield { part: { $case: "end", value: {} } };
  }
  expect(await reasonOf(connection.client(broken).putBlob(upload()))).toBe("MALFORMED_MESSAGE");
  expect(await counted("PutBlob", "MALFORMED_MESSAGE")).toBe(1);
  await expect.poll(() => ends.at(-1)).toBe("broken off");
});

test("messages and metadata above the limit are refused as REQUEST_TOO_LARGE and counted", async () => {
  const { storage, counted } = await startTestServer();
  const sha256 = "x".repeat(5 * mib);
  expect(await reasonOf(storage.statBlob({ sha256 }))).toBe("REQUEST_TOO_LARGE");
  const metadata = Metadata({ "x-pixelmesh-tenant": "x".repeat(20_000) });
  expect(await reasonOf(storage.statBlob({}, { metadata }))).toBe("REQUEST_TOO_LARGE");
  expect(await counted("StatBlob", "REQUEST_TOO_LARGE")).toBe(2);
  expect(await storage.statBlob({ sha256: "abc" })).toMatchObject({ blob: { sizeBytes: 3 } });
});

test("metadata above HTTP/2's limit fails the connection, and the next call uses a new one", async () => {
  const { storage } = await startTestServer();
  const metadata = Metadata({ "x-pixelmesh-tenant": "x".repeat(200_000) });
  await expect(storage.statBlob({}, { metadata })).rejects.toBeInstanceOf(AppError);
  expect(await storage.statBlob({ sha256: "abc" })).toMatchObject({ blob: { sizeBytes: 3 } });
});

test("a message that grows above the limit during decompression is refused before it is whole", async () => {
  const { address, counted } = await startTestServer();
  const gzip = 2;
  const channel = createChannel(address, ChannelCredentials.createInsecure(), {
    "grpc.default_compression_algorithm": gzip,
  });
  onTestFinished(() => channel.close());
  const client = createClientFactory().use(errorDetailsClientMiddleware).create(StorageServiceDefinition, channel);
  expect(await reasonOf(client.statBlob({ sha256: "x".repeat(64 * mib) }))).toBe("REQUEST_TOO_LARGE");
  expect(await counted("StatBlob", "REQUEST_TOO_LARGE")).toBe(1);
});
