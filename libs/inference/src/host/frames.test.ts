import { once } from "node:events";
import { createServer, Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { createFrameReader, type WireFrame, writeFrame } from "./frames.ts";

const toWire = (header: unknown, payload: Uint8Array) => {
  const text = Buffer.from(JSON.stringify(header));
  const head = Buffer.alloc(8);
  head.writeUInt32LE(text.length, 0);
  head.writeUInt32LE(payload.length, 4);
  return Buffer.concat([head, text, payload]);
};

describe("frames", () => {
  test("come out as they went in, however the stream is cut", () => {
    const frame = fc.record({
      header: fc.dictionary(fc.string(), fc.integer()),
      payload: fc.uint8Array({ maxLength: 300 }),
    });
    fc.assert(
      fc.property(fc.array(frame, { maxLength: 8 }), fc.array(fc.integer({ min: 1, max: 64 })), (frames, cuts) => {
        const wire = Buffer.concat(frames.map(({ header, payload }) => toWire(header, payload)));
        const got: WireFrame[] = [];
        const read = createFrameReader((each) => got.push(each));
        let at = 0;
        for (const size of [...cuts, wire.length]) {
          read(wire.subarray(at, at + size));
          at += size;
        }
        expect(got.map(({ header, payload }) => ({ header, payload: [...payload] }))).toEqual(
          frames.map(({ header, payload }) => ({ header: { ...header }, payload: [...payload] })),
        );
      }),
    );
  });

  test("above the bounds are refused before memory is taken for them", () => {
    const read = createFrameReader(() => {});
    const head = Buffer.alloc(8);
    head.writeUInt32LE(2, 0);
    head.writeUInt32LE(0xffffffff, 4);
    expect(() => read(head)).toThrow(RangeError);
  });

  test("cross a real socket, large payloads too", async () => {
    const path = join(tmpdir(), `frames-${process.pid}.sock`);
    const got = Promise.withResolvers<WireFrame>();
    const server = createServer((socket) => socket.on("data", createFrameReader(got.resolve))).listen(path);
    await once(server, "listening");
    const socket = new Socket().connect(path);
    const payload = Uint8Array.from({ length: 3_000_000 }, (_, i) => i % 251);
    await writeFrame(socket, { hello: "ünïcode" }, payload);
    const { header, payload: arrived } = await got.promise;
    expect(header).toEqual({ hello: "ünïcode" });
    expect(arrived.byteOffset).toBe(0);
    expect(Buffer.compare(arrived, payload)).toBe(0);
    socket.destroy();
    server.close();
  });
});
