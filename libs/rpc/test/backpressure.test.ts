import { connect } from "node:http2";
import { AppError } from "@pixelmesh/errors";
import { StatBlobRequest, StorageServiceDefinition } from "@pixelmesh/proto";
import { expect, onTestFinished, test } from "vitest";
import { connectRpc } from "../src/index.ts";
import { startFakeStorage } from "./fake-storage.ts";

const chunkBytes = 256 * 1024;

/** Starts a storage that records the requested chunks and the ends of its calls. */
async function startTestServer(stallMs: number) {
  const seen = { chunks: 0, ends: [] as string[] };
  const { server } = await startFakeStorage(
    {
      async *getBlob(_, { signal }) {
        try {
          for (; seen.chunks < 200; seen.chunks++) {
            signal.throwIfAborted();
            yield { part: { $case: "chunk", value: new Uint8Array(chunkBytes) } };
          }
          seen.ends.push("whole");
        } finally {
          seen.ends.push("ended");
        }
      },
      async putBlob(stream) {
        for await (const _ of stream);
        return {};
      },
    },
    { stallMs },
  );
  const connection = connectRpc(server.address);
  onTestFinished(connection.close);
  return { seen, address: server.address, storage: connection.client(StorageServiceDefinition) };
}

function openUnread(address: string) {
  const session = connect(`http://${address}`);
  onTestFinished(() => session.destroy());
  const stream = session.request({
    ":method": "POST",
    ":path": "/pixelmesh.storage.v1.StorageService/GetBlob",
    "content-type": "application/grpc",
    te: "trailers",
  });
  stream.on("error", () => {});
  const request = StatBlobRequest.encode(StatBlobRequest.fromPartial({ sha256: "x" })).finish();
  const prefix = Buffer.alloc(5);
  prefix.writeUInt32BE(request.length, 1);
  stream.end(Buffer.concat([prefix, request]));
  return stream;
}

test("a handler makes at most three responses while none is read, and all of them once they are", async () => {
  const { seen, address } = await startTestServer(60_000);
  const stream = openUnread(address);
  await new Promise((resolve) => stream.once("response", resolve));
  await new Promise((resolve) => setTimeout(resolve, 500));
  expect(seen.chunks).toBeLessThanOrEqual(3);
  stream.resume();
  await expect.poll(() => seen.ends).toEqual(["whole", "ended"]);
  expect(seen.chunks).toBe(200);
});

test("a client that reads no response is reset with ENHANCE_YOUR_CALM after the stall timeout, and its handler ends", async () => {
  const { seen, address } = await startTestServer(300);
  const stream = openUnread(address);
  const code = new Promise<number | undefined>((resolve) => stream.once("close", () => resolve(stream.rstCode)));
  await expect.poll(() => seen.ends).toEqual(["ended"]);
  stream.resume();
  expect(await code).toBe(0x0b);
});

test("a slow reader is not reset", async () => {
  const { storage, seen } = await startTestServer(8_000);
  let chunks = 0;
  for await (const _ of storage.getBlob({ sha256: "x" })) {
    chunks += 1;
    // Beyond the client's window of 4 MiB the server notices pauses.
    if (chunks % 20 === 0) await new Promise((resolve) => setTimeout(resolve, 900));
  }
  expect(chunks).toBe(200);
  expect(seen.ends[0]).toBe("whole");
});

test("an upload that sends nothing for the stall timeout ends with DEADLINE_EXCEEDED", async () => {
  const { storage } = await startTestServer(300);
  async function* stalling() {
    yield { part: { $case: "chunk" as const, value: new Uint8Array(10) } };
    await new Promise(() => {});
  }
  await expect(storage.putBlob(stalling())).rejects.toMatchObject({
    reason: "DEADLINE_EXCEEDED",
    message: "The upload sent nothing for 0.3 s",
  });
});

test("a refused upload that is not read to its end leaves no timer that keeps it in memory", async () => {
  const { server } = await startFakeStorage(
    {
      async putBlob(stream) {
        // As a handler that checks the header and refuses the call. It does not leave a `for` loop, which would end the stream.
        await stream[Symbol.asyncIterator]().next();
        throw new AppError("QUEUE_FULL", "no upload is accepted");
      },
    },
    { stallMs: 1_000 },
  );
  const connection = connectRpc(server.address);
  onTestFinished(connection.close);
  const storage = connection.client(StorageServiceDefinition);
  const timers = () => process.getActiveResourcesInfo().filter((kind) => kind === "Timeout").length;
  const before = timers();
  async function* upload() {
    yield { part: { $case: "chunk" as const, value: new Uint8Array(10) } };
  }
  const calls = Array.from({ length: 100 }, () => storage.putBlob(upload()).catch(({ reason }: AppError) => reason));
  expect(new Set(await Promise.all(calls))).toEqual(new Set(["QUEUE_FULL"]));
  await expect.poll(timers, { timeout: 20_000 }).toBeLessThan(before + 20);
});
