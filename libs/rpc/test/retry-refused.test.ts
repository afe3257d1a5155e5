import { constants, createServer, type ServerHttp2Session, type ServerHttp2Stream } from "node:http2";
import type { AddressInfo } from "node:net";
import { AppError } from "@pixelmesh/errors";
import { type PutBlobRequest, PutBlobResponse, StatBlobResponse, StorageServiceDefinition } from "@pixelmesh/proto";
import { expect, onTestFinished, test } from "vitest";
import { connectRpc, restartable, toChunks } from "../src/index.ts";

const mib = 1024 * 1024;

/**
 * Starts a plain HTTP/2 server that refuses the first streams with REFUSED_STREAM, as a server does at the end of a connection, and
 * answers the others. `refuseAfterBytes` is the size of the request part that it reads before.
 */
async function startRefusingServer(options: { refusals: number; refuseAfterBytes?: number }) {
  const server = createServer();
  const sessions = new Set<ServerHttp2Session>();
  const bodies: Buffer[] = [];
  let streams = 0;
  server.on("session", (session) => sessions.add(session));
  server.on("stream", (stream: ServerHttp2Stream, headers) => {
    stream.on("error", () => {});
    streams += 1;
    const isRefused = streams <= options.refusals;
    const { refuseAfterBytes = 0 } = options;
    const refuse = () => stream.close(constants.NGHTTP2_REFUSED_STREAM);
    if (isRefused && refuseAfterBytes === 0) return refuse();
    const parts: Buffer[] = [];
    stream.on("data", (part: Buffer) => {
      parts.push(part);
      if (isRefused && Buffer.concat(parts).length >= refuseAfterBytes) refuse();
    });
    stream.on("end", () => {
      if (isRefused) return;
      bodies.push(Buffer.concat(parts));
      const answer = String(headers[":path"]).endsWith("PutBlob")
        ? PutBlobResponse.encode(PutBlobResponse.fromPartial({ existed: true })).finish()
        : StatBlobResponse.encode(StatBlobResponse.fromPartial({ keepUntilUnixMs: 7 })).finish();
      const prefix = Buffer.alloc(5);
      prefix.writeUInt32BE(answer.length, 1);
      stream.respond({ ":status": 200, "content-type": "application/grpc" }, { waitForTrailers: true });
      stream.on("wantTrailers", () => stream.sendTrailers({ "grpc-status": "0" }));
      stream.end(Buffer.concat([prefix, answer]));
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const connection = connectRpc(`127.0.0.1:${(server.address() as AddressInfo).port}`);
  onTestFinished(() => {
    connection.close();
    for (const session of sessions) session.destroy();
    server.close();
  });
  return { storage: connection.client(StorageServiceDefinition), bodies, streams: () => streams };
}

/** An upload that counts its messages as they are read. */
function createUpload(sizeBytes: number) {
  const taken = { messages: 0, starts: 0 };
  async function* messages(): AsyncGenerator<PutBlobRequest> {
    taken.starts += 1;
    for (const value of toChunks(new Uint8Array(sizeBytes).fill(5))) {
      taken.messages += 1;
      yield { part: { $case: "chunk", value } };
    }
  }
  return { taken, messages };
}

test.each([1, 4])("a unary call is retried after %i refusals", async (refusals) => {
  const { storage, streams } = await startRefusingServer({ refusals });
  expect(await storage.statBlob({ sha256: "x" })).toMatchObject({ keepUntilUnixMs: 7 });
  expect(streams()).toBe(refusals + 1);
});

// Above 1 MiB grpc-js does not buffer the request, so it retries nothing by itself.
test.each([
  ["before any of it arrived", 1, 0],
  ["three times, before any of it arrived", 3, 0],
  ["after a part of it arrived", 1, 100_000],
])("an upload refused %s is sent again from its start", async (_, refusals, refuseAfterBytes) => {
  const { storage, bodies } = await startRefusingServer({ refusals, refuseAfterBytes });
  const { messages, taken } = createUpload(20 * mib);
  expect(await storage.putBlob(restartable(messages))).toMatchObject({ existed: true });
  expect(taken.starts).toBeGreaterThan(1);
  // All messages of one try: 20 MiB, and for each 5 bytes of gRPC and 4 of protobuf (tag and a length of 3 bytes).
  expect(bodies.map(({ length }) => length)).toEqual([20 * mib + 20 * (5 + 4)]);
});

test("an upload that cannot be sent again fails with SERVICE_UNAVAILABLE and RetryInfo", async () => {
  const { storage, streams } = await startRefusingServer({ refusals: 9, refuseAfterBytes: 100_000 });
  const failure = await storage.putBlob(createUpload(20 * mib).messages()).catch((error: unknown) => error);
  expect(failure).toBeInstanceOf(AppError);
  expect(failure).toMatchObject({ reason: "SERVICE_UNAVAILABLE", retryAfterMs: 100 });
  expect(streams()).toBe(1);
});

test("a call that is always refused fails with SERVICE_UNAVAILABLE and RetryInfo", async () => {
  const { storage } = await startRefusingServer({ refusals: Number.POSITIVE_INFINITY });
  await expect(storage.statBlob({ sha256: "x" })).rejects.toMatchObject({
    reason: "SERVICE_UNAVAILABLE",
    retryAfterMs: 100,
  });
});
