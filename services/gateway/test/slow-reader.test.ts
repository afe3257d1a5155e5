import { once } from "node:events";
import type { AddressInfo } from "node:net";
import { connect } from "node:net";
import { createByteBudget } from "@pixelmesh/rpc";
import { type FastifyReply, fastify } from "fastify";
import { expect, onTestFinished, test } from "vitest";
import { createEventStreams } from "../src/events/event-stream.ts";
import { bytesPerResponse, sendBytes } from "../src/outputs/send-bytes.ts";

const mib = 1024 * 1024;
const stallMs = 500;

/** Serves one route by a handler, and opens a connection that asks for it and reads nothing. */
async function openPaused(handle: (reply: FastifyReply) => Promise<unknown>) {
  const app = fastify({ forceCloseConnections: true });
  app.get("/", (_request, reply) => handle(reply));
  await app.listen({ host: "127.0.0.1", port: 0 });
  onTestFinished(() => app.close());
  const { port } = app.server.address() as AddressInfo;
  const open = async () => {
    const socket = connect(port, "127.0.0.1");
    socket.on("error", () => {});
    await once(socket, "connect");
    socket.pause();
    socket.write("GET / HTTP/1.1\r\nHost: gateway\r\n\r\n");
    return socket;
  };
  return { open, url: `http://127.0.0.1:${port}/` };
}

test("of a large output a paused reader costs little, and then its connection", async () => {
  const downloads = createByteBudget({ totalBytes: 10 * mib, name: "downloads" });
  const size = 1024 * mib;
  let produced = 0;
  let isReturned = false;
  async function* chunks() {
    try {
      for (; produced < size; produced += mib) yield Buffer.alloc(mib);
    } finally {
      isReturned = true;
    }
  }
  const { open } = await openPaused((reply) => sendBytes(reply, chunks(), size, { downloads, stallMs, onSent() {} }));
  const socket = await open();
  await expect.poll(() => downloads.usedBytes).toBe(bytesPerResponse);
  await expect.poll(() => isReturned).toBe(true);
  // What the kernel's buffers took, and one chunk.
  expect(produced).toBeLessThan(64 * mib);
  expect(downloads.usedBytes).toBe(0);
  socket.resume();
  await once(socket, "close");
});

test("responses beyond the memory for downloads are refused before they begin", async () => {
  const downloads = createByteBudget({ totalBytes: bytesPerResponse, name: "downloads" });
  async function* chunks() {
    for (;;) yield Buffer.alloc(mib);
  }
  const { open, url } = await openPaused((reply) =>
    sendBytes(reply, chunks(), 1024 * mib, { downloads, stallMs, onSent() {} }),
  );
  const socket = await open();
  await expect.poll(() => downloads.usedBytes).toBe(bytesPerResponse);
  const refused = await fetch(url);
  expect(refused.status).toBe(500);
  expect(await refused.text()).toContain("Too many downloads at once");
  socket.destroy();
});

test("bytes that end early cut the connection, so that they are not taken for the whole", async () => {
  const downloads = createByteBudget({ totalBytes: 10 * mib, name: "downloads" });
  async function* chunks() {
    yield Buffer.alloc(10);
  }
  const { url } = await openPaused((reply) => sendBytes(reply, chunks(), 20, { downloads, stallMs, onSent() {} }));
  await expect(fetch(url).then((response) => response.arrayBuffer())).rejects.toThrow();
});

test("a paused caller of events costs little, and then its connection", async () => {
  const streams = createEventStreams({ maxStreams: 10, heartbeatMs: 100, stallMs });
  let sent = 0;
  const ended = Promise.withResolvers<void>();
  const { open } = await openPaused(async (reply) => {
    const stream = streams.open(reply);
    const data = "x".repeat(256 * 1024);
    while (streams.count > 0) {
      await stream.send({ event: "job", id: `${sent}`, data });
      sent += data.length;
      await new Promise((resolve) => setImmediate(resolve));
    }
    ended.resolve();
    return reply;
  });
  const socket = await open();
  await ended.promise;
  expect(sent).toBeLessThan(64 * mib);
  expect(streams.count).toBe(0);
  socket.destroy();
});
