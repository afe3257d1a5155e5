import { createFrame, createFrameSink, type Frame } from "@pixelmesh/imaging";
import fc from "fast-check";
import { expect, test } from "vitest";
import { createFinishing as createReference } from "../../test/reference/finish.ts";
import { createFinishing, type Finishing } from "../domain/finish.ts";

/** Slopes with noise, so that samples of both borders occur, and equal neighbours too. */
function createPicture(widthPx: number, heightPx: number, channels: 1 | 3, seed: number): Frame {
  const frame = createFrame(widthPx, heightPx, channels);
  for (let at = 0; at < frame.data.length; at++) {
    const noise = (Math.imul(at * 73_856_093 + seed * 19_349_663, 2_654_435_761) >>> 24) & 63;
    frame.data[at] = Math.max(0, Math.min(255, (280 * at) / frame.data.length + (seed % 3) * noise - 20));
  }
  return frame;
}

async function finishBy(finish: typeof createFinishing, frame: Frame, finishing: Finishing, rowsAtOnce: number) {
  const { widthPx, heightPx, channels, data } = frame;
  const sink = createFrameSink(widthPx, heightPx, channels);
  const finished = finish(sink, finishing);
  const stride = widthPx * channels;
  for (let y = 0; y < heightPx; y += rowsAtOnce)
    await finished.writeRows(y, data.subarray(y * stride, Math.min(heightPx, y + rowsAtOnce) * stride));
  return sink.frame.data;
}

const shapes = fc.tuple(
  fc.integer({ min: 1, max: 90 }),
  fc.integer({ min: 1, max: 40 }),
  fc.constantFrom<1 | 3>(1, 3),
  fc.nat(1000),
);
const finishings = fc.record({
  sharpen: fc.constantFrom(0, 0.25, 0.5, 0.7, 1),
  contrast: fc.constantFrom(0, 0.1, 0.25, 0.5),
});

/** The reference stores luminance as floats, the kernels compute in floats: samples within 0.001 levels of a border can differ. */
test("pictures are finished as by the reference, within one level and in 998 of 1,000 samples equal", async () => {
  let [count, different] = [0, 0];
  await fc.assert(
    fc.asyncProperty(shapes, finishings, fc.constantFrom(1, 7, 1000), async (shape, finishing, rowsAtOnce) => {
      const frame = createPicture(...shape);
      const wanted = await finishBy(createReference, frame, finishing, 1000);
      const found = await finishBy(createFinishing, frame, finishing, rowsAtOnce);
      let worst = 0;
      for (let at = 0; at < wanted.length; at++) {
        const off = Math.abs(found[at]! - wanted[at]!);
        worst = Math.max(worst, off);
        if (off > 0) different += 1;
      }
      count += wanted.length;
      expect(worst).toBeLessThanOrEqual(1);
    }),
    { numRuns: 100, seed: 31 },
  );
  expect(count).toBeGreaterThan(100_000);
  expect(different / count).toBeLessThan(0.002);
});

test("a grey picture without contrast is bit-identical to the reference, also in several blocks", async () => {
  const frame = createPicture(1_501, 130, 1, 2);
  const finishing = { sharpen: 0.5, contrast: 0 };
  const wanted = await finishBy(createReference, frame, finishing, 130);
  expect(Buffer.compare(await finishBy(createFinishing, frame, finishing, 130), wanted)).toBe(0);
  expect(Buffer.compare(wanted, frame.data)).not.toBe(0);
});

test("pictures at once, with rows in turn, do not disturb each other", async () => {
  const frames = [createPicture(700, 300, 3, 1), createPicture(411, 200, 1, 2), createPicture(300, 500, 3, 5)];
  const finishing = { sharpen: 1, contrast: 0.2 };
  const alone: Uint8Array[] = [];
  for (const frame of frames) alone.push(await finishBy(createFinishing, frame, finishing, 9));
  const together = await Promise.all(frames.map((frame) => finishBy(createFinishing, frame, finishing, 9)));
  for (const [at, data] of together.entries()) expect(Buffer.compare(data, alone[at]!)).toBe(0);
});
