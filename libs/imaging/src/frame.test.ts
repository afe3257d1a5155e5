import { AppError } from "@pixelmesh/errors";
import fc from "fast-check";
import { expect, test } from "vitest";
import { type Channels, createFrame, type Frame, frameHasAlpha } from "./frame.ts";
import { parseFrameBlob, toFrameBlob } from "./frame-blob.ts";
import { createFrameSink, createFrameSource } from "./rows.ts";

const frames: fc.Arbitrary<Frame> = fc
  .tuple(fc.integer({ min: 1, max: 12 }), fc.integer({ min: 1, max: 12 }), fc.constantFrom<Channels[]>(1, 2, 3, 4))
  .chain(([widthPx, heightPx, channels]) => {
    const length = widthPx * heightPx * channels;
    return fc
      .uint8Array({ minLength: length, maxLength: length })
      .map((data) => createFrame(widthPx, heightPx, channels, data));
  });

test("a frame takes data of exactly the length that its shape asks for", () => {
  expect(createFrame(3, 2, 4).data).toHaveLength(24);
  expect(() => createFrame(3, 2, 4, new Uint8Array(23))).toThrow("Expected 24 bytes of pixels for 3x2x4, got 23");
  expect(() => createFrame(0, 2, 4)).toThrow("Expected positive sides");
  expect(() => createFrame(1, 2, 5 as Channels)).toThrow("1 to 4 channels");
});

test("alpha is there with two and four channels", () => {
  expect([1, 2, 3, 4].map((channels) => frameHasAlpha({ channels: channels as Channels }))).toEqual([
    false,
    true,
    false,
    true,
  ]);
});

test("a frame comes back from its blob as it was, and the blob's pixels are the frame's own memory", () => {
  fc.assert(
    fc.property(frames, (frame) => {
      const parts = toFrameBlob(frame);
      expect(parts.at(-1)).toBe(frame.data);
      const bytes = new Uint8Array(Buffer.concat(parts));
      const parsed = parseFrameBlob(bytes);
      expect(parsed).toEqual(frame);
      expect(parsed.data.buffer).toBe(bytes.buffer);
    }),
  );
});

test("a blob that was cut, grown or changed in its header is refused as malformed, never misread", () => {
  const bytes = new Uint8Array(Buffer.concat(toFrameBlob(createFrame(4, 3, 3))));
  expect(() => parseFrameBlob(bytes.subarray(0, 20))).toThrow("at least 32 bytes");
  expect(() => parseFrameBlob(bytes.subarray(0, -1))).toThrow("36 bytes of pixels for 4x3x3, got 35");
  expect(() => parseFrameBlob(new Uint8Array([...bytes, 0]))).toThrow("got 37");
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 19 }), fc.integer({ min: 1, max: 255 }), (at, flip) => {
      const changed = bytes.slice();
      changed[at]! ^= flip;
      try {
        // Sides that are swapped in size are still a frame of as many pixels; nothing else may pass.
        const { widthPx, heightPx, channels } = parseFrameBlob(changed);
        expect(widthPx * heightPx * channels).toBe(36);
      } catch (error) {
        expect((error as AppError).reason).toBe("MALFORMED_MESSAGE");
      }
    }),
  );
});

test("rows read from a frame and written to a sink in any strips give the same frame", async () => {
  await fc.assert(
    fc.asyncProperty(
      frames,
      fc.array(fc.integer({ min: 1, max: 5 }), { minLength: 12, maxLength: 12 }),
      async (frame, strips) => {
        const source = createFrameSource(frame);
        const sink = createFrameSink(frame.widthPx, frame.heightPx, frame.channels);
        for (let y = 0; y < frame.heightPx; ) {
          const count = Math.min(strips.shift()!, frame.heightPx - y);
          await sink.writeRows(y, await source.readRows(y, count));
          y += count;
        }
        expect(sink.frame).toEqual(frame);
      },
    ),
  );
});

test("a sink refuses gaps, repeats, broken rows, rows past the end, and to be read before it is whole", async () => {
  const sink = createFrameSink(2, 3, 1);
  await expect(sink.writeRows(1, new Uint8Array(2))).rejects.toThrow("Expected row 0 to be written next, got row 1");
  await sink.writeRows(0, new Uint8Array(2));
  await expect(sink.writeRows(0, new Uint8Array(2))).rejects.toThrow("Expected row 1");
  await expect(sink.writeRows(1, new Uint8Array(3))).rejects.toThrow("whole rows of 2 bytes");
  await expect(sink.writeRows(1, new Uint8Array(6))).rejects.toThrow("rows inside 0 to 3");
  expect(() => sink.frame).toThrow("all 3 rows");
  const source = createFrameSource(createFrame(2, 3, 1));
  await expect(source.readRows(2, 2)).rejects.toThrow("rows inside 0 to 3");
  await expect(source.readRows(-1, 1)).rejects.toBeInstanceOf(AppError);
});
