import { copyRows, createFrame, createFrameSink, createFrameSource } from "@pixelmesh/imaging";
import fc from "fast-check";
import { expect, test } from "vitest";
import { alphaOf, dropAlpha, joinAlpha } from "./alpha-rows.ts";

const pictures = fc
  .record({
    widthPx: fc.constantFrom(1, 3, 17, 40, 7_001),
    heightPx: fc.integer({ min: 1, max: 20 }),
    channels: fc.constantFrom<2 | 4>(2, 4),
    seed: fc.integer({ min: 0, max: 255 }),
  })
  .map(({ widthPx, heightPx, channels, seed }) =>
    createFrame(
      widthPx,
      heightPx,
      channels,
      Uint8Array.from({ length: widthPx * heightPx * channels }, (_, at) => (at * 37 + seed) % 256),
    ),
  );

test("separating and joining alpha gives the picture", async () => {
  await fc.assert(
    fc.asyncProperty(pictures, async (frame) => {
      const source = createFrameSource(frame);
      const sink = createFrameSink(frame.widthPx, frame.heightPx, frame.channels);
      await copyRows(dropAlpha(source), joinAlpha(sink, alphaOf(source)));
      expect(Buffer.compare(sink.frame.data, frame.data)).toBe(0);
    }),
    { numRuns: 30 },
  );
});

test("a constant alpha is joined as one number", async () => {
  const sink = createFrameSink(2, 1, 4);
  await joinAlpha(sink, 77).writeRows(0, new Uint8Array([1, 2, 3, 4, 5, 6]));
  expect([...sink.frame.data]).toEqual([1, 2, 3, 77, 4, 5, 6, 77]);
});

test("grey is joined with alpha pixel by pixel, for any width", async () => {
  for (let widthPx = 1; widthPx <= 20; widthPx++) {
    const sink = createFrameSink(widthPx, 2, 2);
    const greys = Uint8Array.from({ length: 2 * widthPx }, (_, at) => 200 + at);
    const alpha = createFrame(
      widthPx,
      2,
      1,
      greys.map((value) => value - 150),
    );
    await joinAlpha(sink, createFrameSource(alpha)).writeRows(0, greys);
    expect([...sink.frame.data]).toEqual([...greys].flatMap((value) => [value, value - 150]));
  }
});
