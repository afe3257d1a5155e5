import { AppError } from "@pixelmesh/errors";
import fc from "fast-check";
import { expect, test } from "vitest";
import { type Channels, createFrame, type Frame, frameHasAlpha } from "./frame.ts";
import { createFrameSink, createFrameSource } from "./rows.ts";

const frames: fc.Arbitrary<Frame> = fc
  .tuple(fc.integer({ min: 1, max: 12 }), fc.integer({ min: 1, max: 12 }), fc.constantFrom<Channels[]>(1, 2, 3, 4))
  .chain(([widthPx, heightPx, channels]) => {
    const length = widthPx * heightPx * channels;
    return fc
      .uint8Array({ minLength: length, maxLength: length })
      .map((data) => createFrame(widthPx, heightPx, channels, data));
  });

test("a frame accepts only data of the length of its shape", () => {
  expect(createFrame(3, 2, 4).data).toHaveLength(24);
  expect(() => createFrame(3, 2, 4, new Uint8Array(23))).toThrow("Expected 24 bytes of pixels for 3x2x4, got 23");
  expect(() => createFrame(0, 2, 4)).toThrow("Expected positive sides");
  expect(() => createFrame(1, 2, 5 as Channels)).toThrow("1 to 4 channels");
});

test("two and four channels have alpha", () => {
  expect([1, 2, 3, 4].map((channels) => frameHasAlpha({ channels: channels as Channels }))).toEqual([
    false,
    true,
    false,
    true,
  ]);
});

test("rows copied from a frame to a sink in any strips give the same frame", async () => {
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

test("a sink refuses gaps, repeated rows, partial rows, rows past the end, and reads before the last row", async () => {
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
