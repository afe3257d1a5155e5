import { createFrame, createFrameSink, createFrameSource, type Frame } from "@pixelmesh/imaging";
import fc from "fast-check";
import { expect, test } from "vitest";
import { keepMeans } from "./keep-means.ts";

type At = (x: number, y: number) => number;

function draw(widthPx: number, heightPx: number, at: At): Frame {
  const frame = createFrame(widthPx, heightPx, 1);
  for (let y = 0, i = 0; y < heightPx; y++) for (let x = 0; x < widthPx; x++) frame.data[i++] = at(x, y);
  return frame;
}
const clamp = (value: number) => Math.max(0, Math.min(255, Math.round(value)));
const meanOf = (values: ArrayLike<number>) => Array.from(values).reduce((sum, value) => sum + value, 0) / values.length;

/** Returns the enlargement with the source's means, written `rowsAtOnce` rows at a time. */
async function keep(source: Frame, enlarged: Frame, rowsAtOnce = enlarged.heightPx): Promise<Frame> {
  const { widthPx, heightPx, channels, data } = enlarged;
  const sink = createFrameSink(widthPx, heightPx, channels);
  const kept = keepMeans(sink, createFrameSource(source));
  const stride = widthPx * channels;
  for (let y = 0; y < heightPx; y += rowsAtOnce)
    await kept.writeRows(y, data.slice(y * stride, Math.min(heightPx, y + rowsAtOnce) * stride));
  return sink.frame;
}

/** Changes that models make: shifted levels, changed contrast, averaged neighbours, added patterns. */
const models = fc.record({
  offset: fc.integer({ min: -60, max: 60 }),
  contrast: fc.double({ min: 0, max: 2, noNaN: true }),
  blurPx: fc.integer({ min: 1, max: 4 }),
  pattern: fc.integer({ min: 0, max: 60 }),
});
const patterns: Readonly<Record<string, At>> = {
  stripes: (x) => (x % 2) * 255,
  rows: (_x, y) => (y % 2) * 255,
  "thin lines": (x) => (x % 5 === 0 ? 0 : 255),
  checkerboard: (x, y) => ((x + y) % 2) * 255,
  dots: (x, y) => (x % 3 === 0 && y % 3 === 0 ? 255 : 0),
  noise: (x, y) => (Math.imul(x * 73_856_093 + y * 19_349_663 + 12_345, 2_654_435_761) >>> 16) & 255,
  grey: () => 128,
  black: () => 0,
  white: () => 255,
  "half a checkerboard": (x, y) => (x < 20 ? 200 : ((x + y) % 2) * 255),
};

test("the mean stays within 2 levels for fine patterns that a model changes, at any factor", async () => {
  const shape = fc.record({
    name: fc.constantFrom(...Object.keys(patterns)),
    widthPx: fc.integer({ min: 4, max: 40 }),
    heightPx: fc.integer({ min: 4, max: 40 }),
    factor: fc.constantFrom(2, 3, 4, 1.37, 2.5),
  });
  await fc.assert(
    fc.asyncProperty(shape, models, async ({ name, widthPx, heightPx, factor }, model) => {
      const source = draw(widthPx, heightPx, patterns[name] as At);
      const [width, height] = [Math.round(widthPx * factor), Math.round(heightPx * factor)];
      const enlarged = draw(width, height, (x, y) => {
        const row = Math.min(heightPx - 1, Math.floor(y / factor));
        let sum = 0;
        for (let i = 0; i < model.blurPx; i++)
          sum += source.data[row * widthPx + Math.min(widthPx - 1, Math.floor(x / factor) + i)] as number;
        return clamp(127 + model.contrast * (sum / model.blurPx - 127) + model.offset + model.pattern * ((x + y) % 2));
      });
      const shift = meanOf((await keep(source, enlarged)).data) - meanOf(source.data);
      expect(Math.abs(shift), JSON.stringify({ name, widthPx, heightPx, factor, ...model })).toBeLessThanOrEqual(2);
    }),
    { numRuns: 400, seed: 14 },
  );
});

test("an enlargement with correct means stays bit-identical, however fine its pattern", async () => {
  for (const at of Object.values(patterns)) {
    const source = draw(33, 27, at);
    const enlarged = draw(66, 54, (x, y) => source.data[(y >> 1) * 33 + (x >> 1)] as number);
    expect((await keep(source, enlarged)).data).toEqual(enlarged.data);
  }
});

test("rows written one by one, or in any blocks, give the same picture", async () => {
  const source = draw(50, 61, (x, y) => ((x + y) % 2) * 255);
  const enlarged = draw(150, 183, (x, y) => ((Math.floor(x / 3) + Math.floor(y / 3)) % 2) * 100 + ((x * 7 + y) % 30));
  const whole = await keep(source, enlarged);
  expect(whole.data).not.toEqual(enlarged.data);
  for (const rows of [1, 2, 7, 64]) expect((await keep(source, enlarged, rows)).data).toEqual(whole.data);
});

test("a flat region beside a pattern keeps its level", async () => {
  // Left of 30: flat. The pattern on the right came out 40 levels too dark.
  const source = draw(60, 40, (x, y) => (x < 30 ? 120 : ((x + y) % 2) * 255));
  const enlarged = draw(120, 80, (x, y) => (x < 60 ? 120 : ((Math.floor(x / 2) + Math.floor(y / 2)) % 2) * 175));
  const { data } = await keep(source, enlarged);
  const column = (from: number, to: number) => data.filter((_, at) => at % 120 >= from && at % 120 < to);
  for (const value of column(0, 40)) expect(Math.abs(value - 120)).toBeLessThanOrEqual(1);
  for (const value of column(40, 60)) expect(Math.abs(value - 120)).toBeLessThanOrEqual(20);
  expect(Math.abs(meanOf(column(70, 120)) - 127.5)).toBeLessThan(2);
});

test("black and white beside a pattern stay black and white", async () => {
  for (const level of [0, 255]) {
    const source = draw(60, 40, (x, y) => (x < 30 ? level : ((x + y) % 2) * 255));
    const enlarged = draw(120, 80, (x, y) =>
      x < 60 ? level : ((Math.floor(x / 2) + Math.floor(y / 2)) % 2) * 200 + (level === 0 ? 40 : 0),
    );
    const { data } = await keep(source, enlarged);
    if (level === 255) for (let at = 0; at < data.length; at++) if (at % 120 < 60) expect(data[at]).toBe(255);
    expect(Math.abs(meanOf(data) - meanOf(source.data))).toBeLessThanOrEqual(2);
  }
});

test("each channel has its own mean", async () => {
  const source = createFrame(24, 24, 3);
  const enlarged = createFrame(48, 48, 3);
  for (let at = 0; at < source.data.length; at++) source.data[at] = [40, 130, 220][at % 3] as number;
  for (let at = 0; at < enlarged.data.length; at++) enlarged.data[at] = [60, 130, 190][at % 3] as number;
  const { data } = await keep(source, enlarged);
  for (const [channel, level] of [40, 130, 220].entries())
    expect(Math.abs(meanOf(data.filter((_, at) => at % 3 === channel)) - level)).toBeLessThanOrEqual(2);
});
