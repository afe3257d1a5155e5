import {
  createFrame,
  createFrameSink,
  createRasterSink,
  type Frame,
  memoryFrameStore,
  toWholeFrame,
} from "@pixelmesh/imaging";
import fc from "fast-check";
import { expect, test } from "vitest";
import { createFinishing, type Finishing } from "./finish.ts";

const pictures = fc
  .record({
    widthPx: fc.integer({ min: 1, max: 12 }),
    heightPx: fc.integer({ min: 1, max: 12 }),
    channels: fc.constantFrom<1 | 3>(1, 3),
  })
  .chain(({ widthPx, heightPx, channels }) => {
    const length = widthPx * heightPx * channels;
    return fc
      .uint8Array({ minLength: length, maxLength: length })
      .map((data) => createFrame(widthPx, heightPx, channels, data));
  });
const finishings = fc.record({
  sharpen: fc.double({ min: 0, max: 1, noNaN: true }),
  contrast: fc.double({ min: 0, max: 0.5, noNaN: true }),
});

/** The definition, pixel by pixel, in doubles. */
function finishSlowly({ widthPx, heightPx, channels, data }: Frame, { sharpen, contrast }: Finishing): number[] {
  const at = (x: number, y: number, channel: number) => {
    const [px, py] = [Math.min(Math.max(x, 0), widthPx - 1), Math.min(Math.max(y, 0), heightPx - 1)];
    return data[(py * widthPx + px) * channels + channel]!;
  };
  const luma = (x: number, y: number) =>
    channels === 1 ? at(x, y, 0) : 0.299 * at(x, y, 0) + 0.587 * at(x, y, 1) + 0.114 * at(x, y, 2);
  return [...data].map((value, index) => {
    const pixel = Math.floor(index / channels);
    const [x, y] = [pixel % widthPx, Math.floor(pixel / widthPx)];
    let blur = 0;
    for (const [dy, weightY] of [1, 2, 1].entries())
      for (const [dx, weightX] of [1, 2, 1].entries()) blur += (luma(x + dx - 1, y + dy - 1) * weightX * weightY) / 16;
    const sharp = value + sharpen * (luma(x, y) - blur);
    return Math.min(255, Math.max(0, 127.5 + (1 + contrast) * (sharp - 127.5)));
  });
}

/** Returns the largest difference in levels. It is NaN if a value is. */
function largestDifference(found: Uint8Array, wanted: readonly number[]): number {
  expect(found).toHaveLength(wanted.length);
  return wanted.reduce((worst, value, at) => Math.max(worst, Math.abs(value - found[at]!)), 0);
}

test("finishing is an unsharp mask on luminance and then contrast, in any strips of rows", async () => {
  const strips = fc.array(fc.integer({ min: 1, max: 5 }), { minLength: 12, maxLength: 12 });
  await fc.assert(
    fc.asyncProperty(pictures, finishings, strips, async (frame, finishing, heights) => {
      const { widthPx, heightPx, channels, data } = frame;
      const sink = createFrameSink(widthPx, heightPx, channels);
      const target = createFinishing(sink, finishing);
      const stride = widthPx * channels;
      for (let y = 0, at = 0; y < heightPx; y += heights[at++]!) {
        await target.writeRows(y, data.subarray(y * stride, (y + heights[at]!) * stride));
      }
      const wanted = finishSlowly(frame, finishing);
      expect(largestDifference(sink.frame.data, wanted)).toBeLessThanOrEqual(0.501);
    }),
  );
});

test("finishing with zeros changes nothing, also in several blocks", async () => {
  const frame = createFrame(
    70_000,
    3,
    1,
    Uint8Array.from({ length: 210_000 }, (_, at) => (at * at) % 256),
  );
  const sink = createFrameSink(70_000, 3, 1);
  await createFinishing(sink, { sharpen: 0, contrast: 0 }).writeRows(0, frame.data);
  expect(Buffer.compare(sink.frame.data, frame.data)).toBe(0);
});

test("rows that lie in the memory of the sink behind it are finished there, also ones further ahead", async () => {
  const [widthPx, heightPx] = [40, 24];
  const data = Uint8Array.from({ length: widthPx * heightPx * 3 }, (_, at) => Math.imul(at + 7, 2_654_435_761) >>> 24);
  const frame = createFrame(widthPx, heightPx, 3, data);
  const finishing = { sharpen: 0.8, contrast: 0.3 };
  const sink = await createRasterSink({ widthPx, heightPx, channels: 3 }, memoryFrameStore);
  const target = createFinishing(sink, finishing);
  const stride = widthPx * 3;
  for (let y = 0; y < heightPx; y += 8) {
    const memory = target.memoryFor?.(y, 8);
    memory?.set(data.subarray(y * stride, (y + 8) * stride));
    const ahead = y + 8 < heightPx ? target.memoryAhead?.(y + 8, 8) : undefined;
    ahead?.fill(9);
    await target.writeRows(y, memory ?? new Uint8Array());
    if (ahead) expect(ahead.every((value) => value === 9)).toBe(true);
  }
  const wanted = finishSlowly(frame, finishing);
  const { data: found } = await toWholeFrame(await sink.end());
  expect(largestDifference(found, wanted)).toBeLessThanOrEqual(0.501);
});
