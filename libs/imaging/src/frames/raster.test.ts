import { existsSync } from "node:fs";
import { mkdtemp, readdir, readFile, rm, symlink } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { AppError } from "@pixelmesh/errors";
import { Encoding, ImageFormat } from "@pixelmesh/proto";
import sharp, { type Sharp } from "sharp";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { decodeRaster } from "../../test/decode-raster.ts";
import { decodePicture } from "../decode/decode.ts";
import { findConstantAlpha } from "../encode/choose-format.ts";
import { encodeFrame, encodeRaster } from "../encode/encode.ts";
import { defaultLimits } from "../limits.ts";
import { resizeRaster } from "../transform/resize.ts";
import type { Channels } from "./frame.ts";
import { createFrameStore, type FrameStore, memoryFrameStore } from "./frame-store.ts";
import { isFrameFile, type Raster } from "./raster.ts";
import { createRasterSink, openRows, toWholeFrame } from "./raster-rows.ts";
import { copyRows } from "./row-blocks.ts";
import { createSpareMemory } from "./spare-memory.ts";

let dir: string;
beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), "rasters-"));
});
afterAll(() => rm(dir, { recursive: true }));

const noise = { type: "gaussian" as const, mean: 128, sigma: 60 };
const photo = (widthPx: number, heightPx: number) =>
  sharp({ create: { width: widthPx, height: heightPx, channels: 3, background: "#888", noise } });

/** One picture for each way of decoding. */
async function pictures(): Promise<Record<string, Buffer>> {
  const rgb = await photo(61, 43).png().toBuffer();
  const alpha = Buffer.from(Uint8Array.from({ length: 61 * 43 }, (_, at) => (at * at * 31) % 256));
  const raw = { width: 61, height: 43, channels: 1 as const };
  const withAlpha = (image: Sharp) => image.joinChannel(alpha, { raw });
  const grey = sharp(alpha, { raw }).toColourspace("b-w");
  return {
    rgb,
    rgba: await withAlpha(sharp(rgb)).png().toBuffer(),
    grey: await grey.clone().png().toBuffer(),
    "grey with alpha": await sharp(alpha, { raw }).joinChannel(alpha, { raw }).toColourspace("b-w").png().toBuffer(),
    "grey JPEG": await grey.clone().jpeg().toBuffer(),
    "CMYK JPEG": await sharp(rgb).toColourspace("cmyk").jpeg().toBuffer(),
    "16 bit": await sharp(rgb).toColourspace("rgb16").png().toBuffer(),
    "16-bit grey": await grey.clone().toColourspace("grey16").png().toBuffer(),
    sideways: await sharp(rgb).jpeg().withMetadata({ orientation: 6 }).toBuffer(),
    webp: await withAlpha(sharp(rgb)).webp({ lossless: true }).toBuffer(),
    palette: await sharp(rgb).png({ palette: true }).toBuffer(),
    "wide gamut": await sharp(rgb).withIccProfile("p3").png().toBuffer(),
  };
}

describe("pictures in files", () => {
  test("of every kind are decoded to the same pixels and notices as in memory", async () => {
    const frameStore = createFrameStore(async () => dir, 0);
    for (const [name, bytes] of Object.entries(await pictures())) {
      const inMemory = await decodePicture(bytes, defaultLimits);
      const { raster, info, notices } = await decodeRaster(bytes, defaultLimits, frameStore);
      expect(isFrameFile(raster), name).toBe(true);
      expect({ info, notices }, name).toEqual({ info: inMemory.info, notices: inMemory.notices });
      const { data, ...shape } = await toWholeFrame(raster);
      const { data: wanted, ...wantedShape } = inMemory.frame;
      expect(shape, name).toEqual(wantedShape);
      expect(Buffer.compare(data, wanted), name).toBe(0);
    }
    await frameStore.close();
    expect(await readdir(dir)).toEqual([]);
  });

  test("are resized and encoded to the same bytes as in memory", async () => {
    const frameStore = createFrameStore(async () => dir, 0);
    for (const [name, bytes] of Object.entries(await pictures())) {
      const { frame } = await decodePicture(bytes, defaultLimits);
      const { raster } = await decodeRaster(bytes, defaultLimits, frameStore);
      const larger = await resizeRaster(raster, 100, 97, "cubic", frameStore);
      const wanted = await toWholeFrame(await resizeRaster(frame, 100, 97, "cubic", memoryFrameStore));
      expect(Buffer.compare((await toWholeFrame(larger)).data, wanted.data), name).toBe(0);
      for (const format of [ImageFormat.AUTO, ImageFormat.JPEG, ImageFormat.PNG, ImageFormat.WEBP]) {
        const encoding = Encoding.fromPartial({ format, background: "#204060" });
        const { content, ...facts } = await encodeRaster(larger, encoding, defaultLimits, frameStore);
        const { bytes: encoded, ...wantedFacts } = await encodeFrame(wanted, encoding);
        expect(facts, name).toEqual(wantedFacts);
        expect(content.sizeBytes).toBe(encoded.length);
        expect(Buffer.compare(Buffer.concat(await Array.fromAsync(content.parts())), encoded), name).toBe(0);
      }
    }
    await frameStore.close();
  });

  test("are files that libvips reads, and libvips and our reader agree on their rows", async () => {
    const frameStore = createFrameStore(async () => dir, 0);
    for (const channels of [1, 2, 3, 4] as Channels[]) {
      const shape = { widthPx: 37, heightPx: 29, channels };
      const data = Uint8Array.from({ length: 37 * 29 * channels }, (_, at) => (at * 7919) % 256);
      const sink = await createRasterSink(shape, frameStore);
      for (let y = 0; y < 29; y += 5)
        await sink.writeRows(y, data.subarray(y * 37 * channels, (y + 5) * 37 * channels));
      const raster = (await sink.end()) as Exclude<Raster, { data: Uint8Array }>;
      expect((await readFile(raster.path)).length).toBe(64 + data.length);
      const rows = await openRows(raster);
      expect(await rows.readRows(7, 3)).toEqual(data.slice(7 * 37 * channels, 10 * 37 * channels));
      await expect(rows.readRows(27, 3)).rejects.toThrow("rows inside 0 to 29");
      await rows.close();
      expect((await toWholeFrame(raster)).data).toEqual(data);
      // sharp writes raw grey without its alpha, so grey with alpha is read as sRGB.
      const image = channels === 1 ? sharp(raster.path).toColourspace("b-w") : sharp(raster.path).toColourspace("srgb");
      const seen = await image.raw().toBuffer();
      const wanted =
        channels === 2
          ? Array.from({ length: 37 * 29 }, (_, at) => [data[at * 2]!, data[at * 2]!, data[at * 2]!, data[at * 2 + 1]!])
          : [...data];
      expect([...seen]).toEqual(wanted.flat());
    }
    await frameStore.close();
  });

  test("in a frame store's memory are written without a copy, and another frame store gets the memory next", async () => {
    const spare = createSpareMemory(2 ** 26);
    const openFrameStore = () => createFrameStore(async () => dir, 2 ** 26, spare);
    const shape = { widthPx: 1000, heightPx: 700, channels: 3 as const };
    const fill = async (frameStore: FrameStore, value: number) => {
      const sink = await createRasterSink(shape, frameStore);
      const first = sink.memoryFor?.(0, 300);
      expect(first?.length).toBe(300 * 3000);
      expect(sink.memoryFor?.(10, 300)).toBeUndefined();
      expect(sink.memoryFor?.(0, 701)).toBeUndefined();
      await sink.writeRows(0, first?.fill(value) ?? new Uint8Array());
      await sink.writeRows(300, new Uint8Array(400 * 3000).fill(value + 1));
      const frame = await toWholeFrame(await sink.end());
      expect(frame.data.buffer).toBe(first?.buffer);
      expect([frame.data[300 * 3000 - 1], frame.data[300 * 3000], frame.data.at(-1)]).toEqual([
        value,
        value + 1,
        value + 1,
      ]);
      return frame.data.buffer;
    };
    const [one, other] = [openFrameStore(), openFrameStore()];
    const held = await fill(one, 1);
    expect(await fill(other, 5)).not.toBe(held);
    await one.close();
    await one.close();
    const next = openFrameStore();
    expect(await fill(next, 7)).toBe(held);
    expect(await fill(openFrameStore(), 9)).not.toBe(held);
    await Promise.all([other, next].map((each) => each.close()));
  });

  const hasFull = existsSync("/dev/full");
  if (!hasFull) console.warn("SKIPPED: a full disk, because /dev/full is not here");
  test.skipIf(!hasFull)("fail with STORAGE_FULL where the disk is full, not as bad pictures", async () => {
    const frameStore = createFrameStore(async () => dir, 0);
    const full: FrameStore = {
      ...frameStore,
      async newPath(extension) {
        const path = await frameStore.newPath(extension);
        await symlink("/dev/full", path);
        return path;
      },
    };
    const bytes = await photo(300, 200).jpeg().toBuffer();
    const reason = (promise: Promise<unknown>) =>
      promise.then(
        () => "nothing",
        (error: AppError) => error.reason,
      );
    expect(await reason(decodeRaster(bytes, defaultLimits, full))).toBe("STORAGE_FULL");
    const { raster } = await decodeRaster(bytes, defaultLimits, frameStore);
    expect(await reason(resizeRaster(raster, 700, 500, "cubic", full))).toBe("STORAGE_FULL");
    const jpeg = Encoding.fromPartial({ format: ImageFormat.JPEG });
    expect(await reason(encodeRaster(raster, jpeg, defaultLimits, full))).toBe("STORAGE_FULL");
    expect(await reason(createRasterSink({ widthPx: 9, heightPx: 9, channels: 3 }, full))).toBe("STORAGE_FULL");
    await frameStore.close();
    expect(await reason(decodeRaster(bytes, defaultLimits, frameStore))).not.toBe("nothing");
  });

  test("lie in memory or in files by the frame store's limit, and a copy is the same", async () => {
    const frameStore = createFrameStore(async () => dir, 3_000);
    const small = await createRasterSink({ widthPx: 10, heightPx: 100, channels: 3 }, frameStore);
    const large = await createRasterSink({ widthPx: 10, heightPx: 101, channels: 3 }, frameStore);
    const rows = (y: number, count: number) => new Uint8Array(count * 30).fill(y);
    await small.writeRows(0, rows(7, 100));
    await large.writeRows(0, rows(9, 101));
    expect(isFrameFile(await small.end())).toBe(false);
    const file = await large.end();
    expect(isFrameFile(file)).toBe(true);
    const copy = await createRasterSink(file, memoryFrameStore);
    const from = await openRows(file);
    await copyRows(from, copy);
    await from.close();
    expect((await toWholeFrame(await copy.end())).data).toEqual(rows(9, 101));
    await frameStore.close();
  });

  test("report an alpha that is the same everywhere", async () => {
    const make = (values: readonly number[]) =>
      createRasterSink({ widthPx: 1, heightPx: values.length, channels: 2 }, memoryFrameStore).then(async (sink) => {
        for (const [y, value] of values.entries()) await sink.writeRows(y, new Uint8Array([y, value]));
        return openRows(await sink.end());
      });
    expect(await findConstantAlpha(await make([77, 77, 77]))).toBe(77);
    expect(await findConstantAlpha(await make([77, 77, 78]))).toBeUndefined();
  });
});
