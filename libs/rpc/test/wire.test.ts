import { connect } from "node:http2";
import { gzipSync } from "node:zlib";
import { StatBlobRequest, StorageServiceDefinition } from "@pixelmesh/proto";
import { createLogger, createMetrics } from "@pixelmesh/telemetry";
import { expect, onTestFinished, test } from "vitest";
import { createHealth, startRpcServer } from "../src/index.ts";

/** Starts a server with one working method. `page` returns its metrics. */
async function startTestServer() {
  const health = createHealth();
  const metrics = createMetrics("test", "0");
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
        putBlob: unused,
        deleteBlob: unused,
        getStats: unused,
        async *checkStore() {},
        reserveSpace: unused,
        putSmallBlob: unused,
        getSmallBlob: unused,
        releaseBlobs: unused,
        promoteBlobs: unused,
        async *getBlob() {},
        async statBlob({ sha256 }, { signal }) {
          if (sha256 === "slow") await new Promise((resolve) => signal.addEventListener("abort", resolve));
          return { keepUntilUnixMs: 7 };
        },
      });
    },
  });
  onTestFinished(async () => {
    await server.stop(100);
    health.close();
  });
  return { address: server.address, page: metrics.page };
}

/** Frames a message as on the wire. */
function frame(bytes: Uint8Array, isCompressed = false): Buffer {
  const header = Buffer.alloc(5);
  header[0] = isCompressed ? 1 : 0;
  header.writeUInt32BE(bytes.length, 1);
  return Buffer.concat([header, bytes]);
}

/** Calls StatBlob with raw bytes and headers. Returns the status, and the reason in its details. */
async function callRaw(address: string, body: Uint8Array, headers: Record<string, string> = {}) {
  const session = connect(`http://${address}`);
  try {
    const stream = session.request({
      ":method": "POST",
      ":path": "/pixelmesh.storage.v1.StorageService/StatBlob",
      "content-type": "application/grpc",
      te: "trailers",
      ...headers,
    });
    const ends: Record<string, unknown>[] = [];
    stream.on("response", (headers) => ends.push(headers));
    stream.on("trailers", (headers) => ends.push(headers));
    stream.end(body);
    stream.resume();
    await new Promise((resolve, reject) => stream.on("close", resolve).on("error", reject));
    const end = ends.find((headers) => "grpc-status" in headers) ?? {};
    const details = Buffer.from(String(end["grpc-status-details-bin"] ?? ""), "base64").toString("latin1");
    return { status: Number(end["grpc-status"]), reason: /[A-Z]+(_[A-Z]+)+/.exec(details)?.[0] };
  } finally {
    session.destroy();
  }
}

const invalidArgument = 3;
const empty = frame(new Uint8Array(0));
const malformed = { status: invalidArgument, reason: "MALFORMED_MESSAGE" };
const gzip = { "grpc-encoding": "gzip" };

test.each([
  ["an empty stream", Buffer.alloc(0), {}, malformed],
  ["a second message", Buffer.concat([empty, empty]), {}, malformed],
  ["bytes that are not a message", frame(Uint8Array.of(0xff, 0xff)), {}, malformed],
  ["bytes that are not gzip", frame(Buffer.from("not gzip"), true), gzip, malformed],
  ["half of a gzip stream", frame(gzipSync(Buffer.alloc(9_000)).subarray(0, 20), true), gzip, malformed],
  ["an unknown compression", frame(Buffer.from("x"), true), { "grpc-encoding": "snappy" }, malformed],
  ["an invalid timeout", empty, { "grpc-timeout": "soon" }, malformed],
  [
    "a length of 4 GiB",
    Uint8Array.of(0, 0xff, 0xff, 0xff, 0xff, 1),
    {},
    { status: invalidArgument, reason: "REQUEST_TOO_LARGE" },
  ],
])("%s is refused with a reason, and counted", async (_, body, headers, refusal) => {
  const { address, page } = await startTestServer();
  expect(await callRaw(address, body, headers)).toEqual(refusal);
  const labels = `rpc_method="pixelmesh.storage.v1.StorageService/StatBlob",reason="${refusal.reason}"`;
  expect((await page()).text).toContain(`pixelmesh_refused_requests_total{${labels}} 1\n`);
  expect(await callRaw(address, empty)).toMatchObject({ status: 0 });
});

test("a deadline in grpc's own header ends the call with a reason and counts no refusal", async () => {
  const { address, page } = await startTestServer();
  const slow = frame(StatBlobRequest.encode(StatBlobRequest.fromPartial({ sha256: "slow" })).finish());
  const ended = await callRaw(address, slow, { "grpc-timeout": "200m" });
  expect(ended).toEqual({ status: 4, reason: "DEADLINE_EXCEEDED" });
  expect((await page()).text).not.toContain("pixelmesh_refused_requests_total{");
});
