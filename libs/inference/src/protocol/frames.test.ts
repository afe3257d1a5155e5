import { once } from "node:events";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { openSocketPair } from "../supervisor/socket-pair.ts";
import { createFrameReader, type WireFrame, writeFrame } from "./frames.ts";

const toWire = (header: unknown, payload: Uint8Array) => {
  const text = Buffer.from(JSON.stringify(header));
  const head = Buffer.alloc(8);
  head.writeUInt32LE(text.length, 0);
  head.writeUInt32LE(payload.length, 4);
  return Buffer.concat([head, text, payload]);
};

describe("frames", () => {
  test("arrive unchanged from any chunks of the stream", () => {
    const frame = fc.record({
      header: fc.dictionary(fc.string(), fc.integer()),
      payload: fc.uint8Array({ maxLength: 300 }),
    });
    fc.assert(
      fc.property(fc.array(frame, { maxLength: 8 }), fc.array(fc.integer({ min: 1, max: 64 })), (frames, cuts) => {
        const wire = Buffer.concat(frames.map(({ header, payload }) => toWire(header, payload)));
        const got: WireFrame[] = [];
        const reader = createFrameReader({ onFrame: (each) => got.push(each) });
        for (let at = 0, read = 0; at < wire.length; read++) {
          const target = reader.buffer();
          const count = Math.min(cuts[read] ?? wire.length, target.length, wire.length - at);
          target.set(wire.subarray(at, at + count));
          reader.callback(count, target);
          at += count;
        }
        expect(got.map(({ header, payload }) => ({ header, payload: [...payload] }))).toEqual(
          frames.map(({ header, payload }) => ({ header: { ...header }, payload: [...payload] })),
        );
      }),
    );
  });

  test("above the size limits are refused before memory is allocated", () => {
    const reader = createFrameReader({ onFrame: () => {} });
    const head = Buffer.alloc(8);
    head.writeUInt32LE(2, 0);
    head.writeUInt32LE(0xffffffff, 4);
    reader.buffer().set(head);
    expect(() => reader.callback(8, head)).toThrow(RangeError);
  });

  test("cross real sockets, and large payloads are read into the given buffer", async () => {
    const got: WireFrame[] = [];
    const both = Promise.withResolvers<void>();
    const buffer = new Uint8Array(3_000_010).subarray(5, 3_000_005);
    const reader = createFrameReader({
      onFrame: (frame) => got.push(frame) === 2 && both.resolve(),
      findBuffer: (header) => ((header as { name: string }).name === "fits" ? buffer : new Uint8Array(7)),
    });
    const { ours, theirs } = await openSocketPair(reader);
    const payload = Uint8Array.from({ length: 3_000_000 }, (_, i) => i % 251);
    await Promise.all([writeFrame(theirs, { name: "fits" }, payload), writeFrame(theirs, { name: "ünfit" }, payload)]);
    await both.promise;
    expect(got.map(({ header }) => header)).toEqual([{ name: "fits" }, { name: "ünfit" }]);
    expect(got[0]?.payload.buffer).toBe(buffer.buffer);
    for (const each of got) expect(Buffer.compare(each.payload, payload)).toBe(0);
    expect(got[1]?.payload.byteOffset).toBe(0);
    expect([...new Uint8Array(buffer.buffer).subarray(0, 6)]).toEqual([0, 0, 0, 0, 0, 0]);
    const closed = once(ours, "close");
    theirs.destroy();
    await closed;
  });
});
