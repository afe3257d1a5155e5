import { createFrame, createFrameSink, createFrameSource, type Frame } from "@pixelmesh/imaging";
import fc from "fast-check";
import { expect, test } from "vitest";
import { keepMeans as keepReference } from "../../test/reference/keep-means.ts";
import { keepMeans } from "../domain/keep-means.ts";

const clamp = (value: number) => Math.max(0, Math.min(255, Math.round(value)));
const noise = (at: number, seed: number) =>
  (Math.imul(at * 73_856_093 + seed * 19_349_663, 2_654_435_761) >>> 16) & 255;

type Pair = { readonly source: Frame; readonly enlarged: Frame; readonly alpha: Frame | undefined };

/** A source with detail of some pixels, and an enlargement that changes its levels in the right part more than in the left one. */
function createPair(
  { width, height, channels, factor }: { width: number; height: number; channels: 1 | 3; factor: number },
  { seed, detail, offset, hasAlpha }: { seed: number; detail: number; offset: number; hasAlpha: boolean },
): Pair {
  const source = createFrame(width, height, channels);
  for (let at = 0; at < source.data.length; at++) source.data[at] = clamp(128 + detail * (noise(at, seed) - 128));
  const enlarged = createFrame(Math.round(width * factor), Math.round(height * factor), channels);
  for (let y = 0, at = 0; y < enlarged.heightPx; y++) {
    const row = Math.min(height - 1, Math.floor(y / factor));
    for (let x = 0; x < enlarged.widthPx; x++) {
      const column = Math.min(width - 1, Math.floor(x / factor));
      for (let channel = 0; channel < channels; channel++, at++) {
        const sample = source.data[(row * width + column) * channels + channel] as number;
        enlarged.data[at] = clamp(sample + ((column / width) * offset * (noise(at, seed + 1) + 40)) / 128);
      }
    }
  }
  const alpha = hasAlpha ? createFrame(width, height, 1) : undefined;
  alpha?.data.set(alpha.data.map((_, at) => (noise(at, seed + 2) < 90 ? 0 : 200)));
  return { source, enlarged, alpha };
}

async function keep(
  keepBy: typeof keepMeans,
  { source, enlarged, alpha }: Pair,
  rowsAtOnce: number,
): Promise<Uint8Array> {
  const { widthPx, heightPx, channels, data } = enlarged;
  const sink = createFrameSink(widthPx, heightPx, channels);
  const kept = keepBy(sink, createFrameSource(source), alpha ? { alpha: createFrameSource(alpha) } : {});
  const stride = widthPx * channels;
  for (let y = 0; y < heightPx; y += rowsAtOnce)
    await kept.writeRows(y, data.slice(y * stride, Math.min(heightPx, y + rowsAtOnce) * stride));
  return sink.frame.data;
}

const shapes = fc.record({
  width: fc.integer({ min: 1, max: 50 }),
  height: fc.integer({ min: 1, max: 150 }),
  channels: fc.constantFrom(1 as const, 3 as const),
  factor: fc.constantFrom(1, 1.37, 2, 2.5, 3, 4),
});
const contents = fc.record({
  seed: fc.nat(1000),
  detail: fc.constantFrom(0, 0.1, 1, 4),
  offset: fc.integer({ min: -60, max: 60 }),
  hasAlpha: fc.boolean(),
});

/**
 * The reference computes in double precision and stores rows as floats. The kernels compute in floats and round factors and offsets to 16 bits, with
 * an error below 0.02 levels. So a sample within 0.02 of the border between two levels can get the other one.
 */
test("means are kept as by the reference, within one level and in 98 of 100 samples equal", async () => {
  let [count, different, changed] = [0, 0, 0];
  await fc.assert(
    fc.asyncProperty(shapes, contents, fc.constantFrom(1, 7, 1000), async (shape, content, rowsAtOnce) => {
      const pair = createPair(shape, content);
      const wanted = await keep(keepReference, pair, 1000);
      const found = await keep(keepMeans, pair, rowsAtOnce);
      let worst = 0;
      for (let at = 0; at < wanted.length; at++) {
        const off = Math.abs(found[at]! - wanted[at]!);
        worst = Math.max(worst, off);
        if (off > 0) different += 1;
        if (wanted[at] !== pair.enlarged.data[at]) changed += 1;
      }
      count += wanted.length;
      expect(worst).toBeLessThanOrEqual(1);
    }),
    { numRuns: 80, seed: 65 },
  );
  expect(changed).toBeGreaterThan(count / 5);
  expect(different / changed).toBeLessThan(0.02);
});

test("a picture whose means are right is not changed by a bit, as by the reference", async () => {
  const pair = createPair(
    { width: 61, height: 90, channels: 3, factor: 4 },
    { seed: 3, detail: 4, offset: 0, hasAlpha: false },
  );
  expect(await keep(keepMeans, pair, 64)).toEqual(pair.enlarged.data);
  expect(await keep(keepReference, pair, 64)).toEqual(pair.enlarged.data);
});

test("pictures at once, with rows in turn, do not disturb each other", async () => {
  const pairs = [2, -40, 55].map((offset, i) =>
    createPair(
      { width: 40, height: 130, channels: 3, factor: 2 + i },
      { seed: i, detail: 1, offset, hasAlpha: i === 1 },
    ),
  );
  const alone: Uint8Array[] = [];
  for (const pair of pairs) alone.push(await keep(keepMeans, pair, 9));
  expect(await Promise.all(pairs.map((pair) => keep(keepMeans, pair, 9)))).toEqual(alone);
});
