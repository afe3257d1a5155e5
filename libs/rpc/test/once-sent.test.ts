import { connect } from "node:http2";
import { setTimeout as sleep } from "node:timers/promises";
import { GetSmallBlobRequest, StorageServiceDefinition } from "@pixelmesh/proto";
import { expect, onTestFinished, test } from "vitest";
import { connectRpc, onceSent } from "../src/index.ts";
import { startFakeStorage } from "./fake-storage.ts";

/** Starts a storage whose small blobs have 60,000 bytes and count how often they were released. "late" takes 300 ms. */
async function startTestServer(maxDeadlineMs = 60_000) {
  const seen = { answered: 0, released: 0 };
  const { server } = await startFakeStorage(
    {
      async getSmallBlob({ sha256 }) {
        if (sha256 === "late") await sleep(300);
        seen.answered += 1;
        let isReleased = false;
        return onceSent({ content: new Uint8Array(60_000) }, () => {
          if (!isReleased) seen.released += 1;
          isReleased = true;
        });
      },
    },
    { maxDeadlineMs },
  );
  const connection = connectRpc(server.address);
  onTestFinished(connection.close);
  return { seen, address: server.address, storage: connection.client(StorageServiceDefinition) };
}

test("a response is released once it has been written", async () => {
  const { seen, storage } = await startTestServer();
  expect((await storage.getSmallBlob({ sha256: "x" })).content).toHaveLength(60_000);
  await expect.poll(() => seen.released).toBe(1);
});

test("a response that is not read is released when its call ends", async () => {
  const { seen, address } = await startTestServer();
  // The window holds 1,000 bytes, so most of the response stays in the server.
  const session = connect(`http://${address}`, { settings: { initialWindowSize: 1_000 } });
  onTestFinished(() => session.destroy());
  const stream = session.request({
    ":method": "POST",
    ":path": "/pixelmesh.storage.v1.StorageService/GetSmallBlob",
    "content-type": "application/grpc",
    te: "trailers",
  });
  stream.on("error", () => {});
  const request = GetSmallBlobRequest.encode({ sha256: "x" }).finish();
  const prefix = Buffer.alloc(5);
  prefix.writeUInt32BE(request.length, 1);
  stream.end(Buffer.concat([prefix, request]));
  await new Promise((resolve) => stream.once("response", resolve));
  await sleep(200);
  expect(seen).toEqual({ answered: 1, released: 0 });
  stream.destroy();
  await expect.poll(() => seen.released).toBe(1);
});

test("a response after the deadline is released, though it is not sent", async () => {
  const { seen, storage } = await startTestServer(100);
  await expect(storage.getSmallBlob({ sha256: "late" })).rejects.toMatchObject({ reason: "DEADLINE_EXCEEDED" });
  await expect.poll(() => seen).toEqual({ answered: 1, released: 1 });
});
