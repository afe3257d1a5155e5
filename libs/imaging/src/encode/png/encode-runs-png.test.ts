import { readFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { deflateSync, inflateRawSync, inflateSync } from "node:zlib";
import { Encoding, ImageFormat } from "@pixelmesh/proto";
import fc from "fast-check";
import sharp from "sharp";
import { expect, test } from "vitest";
import { withFrameStore } from "../../../test/with-frame-store.ts";
import { type Channels, createFrame, type Frame } from "../../frames/frame.ts";
import { memoryFrameStore } from "../../frames/frame-store.ts";
import { createRasterSink } from "../../frames/raster-rows.ts";
import { createFrameSource } from "../../frames/rows.ts";
import { defaultLimits } from "../../limits.ts";
import { pngChunksOf } from "../../structure/png.ts";
import { toView } from "../../structure/structure.ts";
import { encodeFrame, encodeRaster, startEncoding } from "../encode.ts";
import { runsPngParts, suitsRunsPng } from "./encode-runs-png.ts";
import { type FilterShape, lastBlock, openRowFilter, type RowFilter } from "./filter-kernels.ts";
import { filterRow } from "./filter-reference.ts";

async function encode(frame: Frame): Promise<Buffer> {
  const rows = createFrameSource(frame);
  expect(await suitsRunsPng(rows)).toBe(true);
  return Buffer.concat(await Array.fromAsync(runsPngParts(rows)));
}

function withFilter(shape: FilterShape, act: (filter: RowFilter) => void): void {
  const filter = openRowFilter(shape);
  try {
    act(filter);
  } finally {
    filter.close();
  }
}

/** Returns the still life of examples/ at a size, in so many channels; alpha is a slope. */
async function photograph(widthPx: number, heightPx: number, channels: Channels): Promise<Frame> {
  const scene = await readFile(fileURLToPath(new URL("../../../../../examples/still-life.jpg", import.meta.url)));
  const rgb = await sharp(scene).resize(widthPx, heightPx, { fit: "fill" }).raw().toBuffer();
  const data = Uint8Array.from({ length: widthPx * heightPx * channels }, (_, i) => {
    const [pixel, c] = [Math.floor(i / channels), i % channels];
    const isAlpha = channels % 2 === 0 && c === channels - 1;
    return isAlpha ? Math.min(255, pixel % widthPx) : rgb[pixel * 3 + Math.min(c, 2)]!;
  });
  return createFrame(widthPx, heightPx, channels, data);
}

test("rows of any bytes are filtered as by the reference, strip by strip", () => {
  const channels = fc.constantFrom(...([1, 2, 3, 4] as const));
  // Few different values, so that neighbours are often equal, as the choice among equal distances needs.
  const byte = fc.oneof(fc.constantFrom(0, 1, 127, 128, 255), fc.nat(255));
  const shapes = fc.tuple(channels, fc.integer({ min: 1, max: 40 }), fc.integer({ min: 1, max: 6 }));
  const pictures = shapes.chain(([c, widthPx, heightPx]) =>
    fc.uint8Array({ minLength: c * widthPx * heightPx, maxLength: c * widthPx * heightPx }).chain((noise) =>
      fc.array(byte, { minLength: noise.length, maxLength: noise.length }).map((bytes) => ({
        c,
        stride: c * widthPx,
        heightPx,
        data: bytes.map((value, at) => (noise[at]! < 128 ? value : (bytes[Math.max(0, at - c)] ?? 0))),
      })),
    ),
  );
  fc.assert(
    fc.property(pictures, fc.integer({ min: 1, max: 4 }), ({ c, stride, heightPx, data }, rowsAtOnce) => {
      const bytes = Uint8Array.from(data);
      withFilter({ stride, pixelBytes: c, rowsAtOnce }, ({ filter }) => {
        for (let y = 0; y < heightPx; y += rowsAtOnce) {
          const count = Math.min(rowsAtOnce, heightPx - y);
          const found = filter(bytes.subarray(y * stride, (y + count) * stride), count).slice();
          for (let row = 0; row < count; row++) {
            const at = (y + row) * stride;
            const before = at === 0 ? new Uint8Array(stride) : bytes.subarray(at - stride, at);
            const wanted = filterRow(bytes.subarray(at, at + stride), before, c);
            expect(found.subarray(row * (stride + 1), (row + 1) * (stride + 1))).toEqual(wanted);
          }
        }
      });
    }),
    { numRuns: 200 },
  );
});

test.each([1, 2, 3, 4] as const)(
  "a photograph of %i channels has its own samples when libpng reads it, and no more bytes than from libvips",
  async (channels) => {
    const frame = await photograph(1021, 703, channels);
    const bytes = await encode(frame);
    const image = sharp(bytes);
    const { width, height, channels: got, depth } = await image.metadata();
    expect({ width, height, got, depth }).toEqual({ width: 1021, height: 703, got: channels, depth: "uchar" });
    const grey = channels <= 2;
    const samples = await (grey ? image.toColourspace(channels === 1 ? "b-w" : "srgb") : image).raw().toBuffer();
    // Raw grey with alpha is read as sRGB.
    if (channels !== 2) expect(Buffer.compare(samples, frame.data)).toBe(0);
    else
      for (let i = 0; i < 1021 * 703; i++) {
        if (samples[i * 4] !== frame.data[i * 2] || samples[i * 4 + 3] !== frame.data[i * 2 + 1])
          expect.fail(`pixel ${i}`);
      }
    const raw = { width: 1021, height: 703, channels };
    const slow = sharp(frame.data, { raw }).toColourspace(grey ? "b-w" : "srgb");
    const { length } = await slow.png({ compressionLevel: 3, adaptiveFiltering: true }).toBuffer();
    expect(bytes.length).toBeLessThan(length * 1.02);
  },
);

test("a picture whose first row is filtered by the row above has its own samples when libpng reads it", async () => {
  const scene = await readFile(fileURLToPath(new URL("../../../../../examples/portrait-object.jpg", import.meta.url)));
  const { data, info } = await sharp(scene)
    .resize(532, 640, { fit: "fill" })
    .raw()
    .toBuffer({ resolveWithObject: true });
  expect(info.channels).toBe(3);
  const bytes = await encode(createFrame(532, 640, 3, Uint8Array.from(data)));
  expect(Buffer.compare(await sharp(bytes).raw().toBuffer(), data)).toBe(0);
});

test("checksums are those of zlib, also for the largest sums", () => {
  // Every byte is one less than the one to its left, so the filtered ones are 255.
  const falling = Uint8Array.from({ length: 100_000 }, (_, at) => -at & 255);
  const noise = (length: number) => Uint8Array.from({ length }, (_, at) => (Math.imul(at, 2_654_435_761) >>> 24) & 255);
  for (const row of [falling, ...[1, 15, 16, 17, 5_551, 5_552, 5_553, 11_104].map(noise)]) {
    withFilter({ stride: row.length, pixelBytes: 1, rowsAtOnce: 1 }, ({ filter, adler32 }) => {
      const filtered = filter(row, 1);
      if (row === falling) expect(filtered.subarray(2).every((byte) => byte === 255)).toBe(true);
      // A zlib stream ends with the checksum of its bytes.
      expect(adler32(1, filtered)).toBe(deflateSync(filtered).readUInt32BE(deflateSync(filtered).length - 4));
      const middle = Math.floor(filtered.length / 3);
      expect(adler32(adler32(1, filtered.subarray(0, middle)), filtered.subarray(middle))).toBe(adler32(1, filtered));
    });
  }
});

test("bands are one zlib stream with the checksum of all rows", async () => {
  // Eight bands, the last one shorter.
  const frame = await photograph(1_201, 805, 4);
  const bytes = await encode(frame);
  const parts = [...pngChunksOf(toView(bytes))]
    .filter(({ type }) => type === "IDAT")
    .map(({ start, length }) => bytes.subarray(start + 8, start + 8 + length));
  expect(parts.length).toBeGreaterThan(8);
  expect(inflateSync(Buffer.concat(parts))).toHaveLength(805 * (1_201 * 4 + 1));
  const { data } = await sharp(bytes, { failOn: "warning" }).raw().toBuffer({ resolveWithObject: true });
  expect(Buffer.compare(data, frame.data)).toBe(0);
});

/** Deflates a row of bytes that no filter changes, and returns the result with what the filter made. */
function deflateRow(row: Uint8Array): { readonly filtered: Buffer; readonly deflated: Buffer } {
  let result = { filtered: Buffer.alloc(0), deflated: Buffer.alloc(0) };
  withFilter({ stride: row.length, pixelBytes: 1, rowsAtOnce: 1 }, ({ filter, deflate }) => {
    const filtered = filter(row, 1);
    result = { filtered: Buffer.from(filtered), deflated: Buffer.from(deflate(filtered)) };
  });
  return result;
}

const inflate = (deflated: Buffer) => inflateRawSync(Buffer.concat([deflated, lastBlock]));

test("any bytes are inflated by zlib to what was deflated", () => {
  // Runs of lengths around the bounds of matches and of blocks, between bytes of few or many values.
  const lengths = fc.oneof(fc.integer({ min: 1, max: 20 }), fc.constantFrom(255, 256, 257, 258, 259, 260, 516, 66_000));
  const runs = fc.tuple(fc.nat(255), lengths).map(([value, length]) => new Uint8Array(length).fill(value));
  const noise = fc.uint8Array({ minLength: 1, maxLength: 60 });
  const rows = fc.array(fc.oneof(runs, noise), { minLength: 1, maxLength: 40 }).map((parts) => Buffer.concat(parts));
  fc.assert(
    fc.property(rows, (row) => {
      const { filtered, deflated } = deflateRow(row);
      expect(Buffer.compare(inflate(deflated), filtered)).toBe(0);
    }),
    { numRuns: 300 },
  );
});

/** The length of the longest code that Huffman's algorithm gives, without a limit. */
function longestCode(bytes: Uint8Array): number {
  const counts = new Map<number, number>();
  for (const byte of bytes) counts.set(byte, (counts.get(byte) ?? 0) + 1);
  let trees = [...counts.values()].map((count) => ({ count, depth: 0 }));
  while (trees.length > 1) {
    const [one, other, ...rest] = trees.toSorted((a, b) => a.count - b.count);
    trees = [...rest, { count: one!.count + other!.count, depth: 1 + Math.max(one!.depth, other!.depth) }];
  }
  return trees[0]!.depth;
}

test("codes that would be longer than 12 bits are limited", () => {
  // Counts like Fibonacci's numbers give the longest codes; the bytes between them keep runs away.
  const row: number[] = [];
  for (let value = 0, count = 1, before = 1; value < 22; value++, [count, before] = [count + before, count])
    for (let left = count; left > 0; left--) row.push(value * 11, row.length % 2);
  const { filtered, deflated } = deflateRow(Uint8Array.from(row));
  expect(longestCode(filtered.subarray(0, 65_536))).toBeGreaterThan(15);
  expect(Buffer.compare(inflate(deflated), filtered)).toBe(0);
});

test.each([1, 2, 65_535, 65_536, 65_537, 200_000])("%i bytes of noise hardly grow", (length) => {
  const row = Uint8Array.from({ length }, (_, at) => (Math.imul(at + 1, 2_654_435_761) >>> 13) & 255);
  const { filtered, deflated } = deflateRow(row);
  expect(Buffer.compare(inflate(deflated), filtered)).toBe(0);
  expect(deflated.length).toBeLessThan(filtered.length * 1.01 + 200);
});

test("a picture in a file gives the bytes of one in memory", async () => {
  const frame = await photograph(1_201, 805, 4);
  const inMemory = await encode(frame);
  await withFrameStore(100, async (frameStore) => {
    const sink = await createRasterSink(frame, frameStore);
    await sink.writeRows(0, frame.data);
    const encoding = Encoding.fromPartial({ format: ImageFormat.PNG });
    const { content } = await encodeRaster(await sink.end(), encoding, defaultLimits, frameStore);
    expect(content.isFile).toBe(true);
    expect(Buffer.compare(Buffer.concat(await Array.fromAsync(content.parts())), inMemory)).toBe(0);
  });
});

test("the parts of a started encoding are the file of a finished one, while it is made and afterwards", async () => {
  const frame = await photograph(1_201, 805, 4);
  const encoding = Encoding.fromPartial({ format: ImageFormat.PNG });
  const { bytes } = await encodeFrame(frame, encoding);
  const { content, format } = await startEncoding(frame, encoding, defaultLimits, memoryFrameStore);
  expect([format, content.sizeBytes]).toEqual([ImageFormat.PNG, undefined]);
  for (let reader = 0; reader < 2; reader++)
    expect(Buffer.compare(Buffer.concat(await Array.fromAsync(content.parts())), bytes)).toBe(0);
  const { content: whole } = await encodeRaster(frame, encoding, defaultLimits, memoryFrameStore);
  expect([whole.sizeBytes, whole.isFile]).toEqual([bytes.length, false]);
});

test("pictures at once do not disturb each other", async () => {
  const frames = await Promise.all([photograph(700, 500, 3), photograph(500, 701, 4), photograph(900, 400, 3)]);
  const alone: Buffer[] = [];
  for (const frame of frames) alone.push(await encode(frame));
  expect(await Promise.all(frames.map(encode))).toEqual(alone);
});

test("a repeated pattern and a small picture are left to libvips", async () => {
  const pattern = Uint8Array.from({ length: 800 * 600 * 3 }, (_, i) => (((i * 2_654_435_761) >>> 24) % 2 ? 255 : 0));
  const tile = pattern.subarray(0, 800 * 8 * 3);
  const repeated = Uint8Array.from({ length: 800 * 600 * 3 }, (_, i) => tile[i % tile.length]!);
  expect(await suitsRunsPng(createFrameSource(createFrame(800, 600, 3, repeated)))).toBe(false);
  expect(await suitsRunsPng(createFrameSource(await photograph(64, 64, 3)))).toBe(false);
});
