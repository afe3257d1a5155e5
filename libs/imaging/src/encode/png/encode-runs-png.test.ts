import { readFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { deflateSync, inflateSync } from "node:zlib";
import fc from "fast-check";
import sharp from "sharp";
import { afterEach, expect, test } from "vitest";
import { configureImaging } from "../../engine/engine.ts";
import { type Channels, createFrame, type Frame } from "../../frames/frame.ts";
import { pngChunksOf } from "../../structure/png.ts";
import { toView } from "../../structure/structure.ts";
import { encodeRunsPng } from "./encode-runs-png.ts";
import { withRowFilter } from "./filter-kernels.ts";
import { filterRow } from "./filter-reference.ts";

afterEach(() => configureImaging({ threads: 1 }));

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

test("rows of any bytes are filtered as by the reference, strip by strip", async () => {
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
  await fc.assert(
    fc.asyncProperty(pictures, fc.integer({ min: 1, max: 4 }), async ({ c, stride, heightPx, data }, rowsAtOnce) => {
      const bytes = Uint8Array.from(data);
      await withRowFilter({ stride, pixelBytes: c, rowsAtOnce }, async ({ filter }) => {
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
    const bytes = await encodeRunsPng(frame);
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
    expect(bytes!.length).toBeLessThan(length * 1.02);
  },
);

test("a picture whose first row is filtered by the row above has its own samples when libpng reads it", async () => {
  const scene = await readFile(fileURLToPath(new URL("../../../../../examples/portrait-object.jpg", import.meta.url)));
  const { data, info } = await sharp(scene)
    .resize(532, 640, { fit: "fill" })
    .raw()
    .toBuffer({ resolveWithObject: true });
  expect(info.channels).toBe(3);
  const bytes = await encodeRunsPng(createFrame(532, 640, 3, Uint8Array.from(data)));
  expect(Buffer.compare(await sharp(bytes).raw().toBuffer(), data)).toBe(0);
});

test("checksums are those of zlib, also for the largest sums", async () => {
  // Every byte is one less than the one to its left, so the filtered ones are 255.
  const falling = Uint8Array.from({ length: 100_000 }, (_, at) => -at & 255);
  const noise = (length: number) => Uint8Array.from({ length }, (_, at) => (Math.imul(at, 2_654_435_761) >>> 24) & 255);
  for (const row of [falling, ...[1, 15, 16, 17, 5_551, 5_552, 5_553, 11_104].map(noise)]) {
    await withRowFilter({ stride: row.length, pixelBytes: 1, rowsAtOnce: 1 }, async ({ filter, adler32 }) => {
      const filtered = filter(row, 1);
      if (row === falling) expect(filtered.subarray(2).every((byte) => byte === 255)).toBe(true);
      // A zlib stream ends with the checksum of its bytes.
      expect(adler32(1, filtered)).toBe(deflateSync(filtered).readUInt32BE(deflateSync(filtered).length - 4));
      const middle = Math.floor(filtered.length / 3);
      expect(adler32(adler32(1, filtered.subarray(0, middle)), filtered.subarray(middle))).toBe(adler32(1, filtered));
    });
  }
});

test.each([1, 4])(
  "the bands of %i threads are one zlib stream, and the bytes do not depend on them",
  async (threads) => {
    configureImaging({ threads });
    // Eight bands, the last one shorter.
    const frame = await photograph(1_201, 805, 4);
    const bytes = (await encodeRunsPng(frame)) as Uint8Array;
    const parts = [...pngChunksOf(toView(bytes))]
      .filter(({ type }) => type === "IDAT")
      .map(({ start, length }) => bytes.subarray(start + 8, start + 8 + length));
    expect(parts.length).toBeGreaterThan(8);
    expect(inflateSync(Buffer.concat(parts))).toHaveLength(805 * (1_201 * 4 + 1));
    const { data } = await sharp(bytes, { failOn: "warning" }).raw().toBuffer({ resolveWithObject: true });
    expect(Buffer.compare(data, frame.data)).toBe(0);
    configureImaging({ threads: 2 });
    expect(await encodeRunsPng(frame)).toEqual(bytes);
  },
);

test("pictures at once do not disturb each other", async () => {
  const frames = await Promise.all([photograph(700, 500, 3), photograph(500, 701, 4), photograph(900, 400, 3)]);
  const alone: (Uint8Array | undefined)[] = [];
  for (const frame of frames) alone.push(await encodeRunsPng(frame));
  expect(await Promise.all(frames.map(encodeRunsPng))).toEqual(alone);
});

test("a repeated pattern and a small picture are left to libvips", async () => {
  const pattern = Uint8Array.from({ length: 800 * 600 * 3 }, (_, i) => (((i * 2_654_435_761) >>> 24) % 2 ? 255 : 0));
  const tile = pattern.subarray(0, 800 * 8 * 3);
  const repeated = Uint8Array.from({ length: 800 * 600 * 3 }, (_, i) => tile[i % tile.length]!);
  expect(await encodeRunsPng(createFrame(800, 600, 3, repeated))).toBeUndefined();
  expect(await encodeRunsPng(await photograph(64, 64, 3))).toBeUndefined();
});
