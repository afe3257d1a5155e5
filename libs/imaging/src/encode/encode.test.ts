import { Encoding, ImageFormat } from "@pixelmesh/proto";
import { expect, test } from "vitest";
import { decodePicture } from "../decode/decode.ts";
import { sharp } from "../engine/engine.ts";
import { type Channels, createFrame, type Frame } from "../frames/frame.ts";
import { defaultLimits } from "../limits.ts";
import { chooseFormat } from "./choose-format.ts";
import { encodeFrame } from "./encode.ts";

const encoding = (fields: Partial<Encoding>) => Encoding.fromPartial(fields);

/** A picture that is smooth and full of colours, like a photograph. */
function gradient(widthPx: number, heightPx: number, channels: Channels, alpha = 255): Frame {
  const frame = createFrame(widthPx, heightPx, channels);
  for (let y = 0, at = 0; y < heightPx; y++) {
    for (let x = 0; x < widthPx; x++) {
      const rgb = [(255 * x) / widthPx, (255 * y) / heightPx, 128 + 100 * Math.sin(x / 30 + y / 40)];
      const hasAlpha = channels % 2 === 0;
      for (let c = 0; c < channels; c++) frame.data[at++] = hasAlpha && c === channels - 1 ? alpha : rgb[c]!;
    }
  }
  return frame;
}

test("auto picks JPEG for large opaque results and PNG for small ones", async () => {
  expect((await encodeFrame(gradient(600, 500, 3), encoding({}))).format).toBe(ImageFormat.JPEG);
  expect((await encodeFrame(gradient(600, 500, 4), encoding({}))).format).toBe(ImageFormat.JPEG);
  expect((await encodeFrame(gradient(600, 500, 1), encoding({ format: ImageFormat.AUTO }))).format).toBe(
    ImageFormat.JPEG,
  );
  expect((await encodeFrame(gradient(500, 500, 3), encoding({}))).format).toBe(ImageFormat.PNG);
});

test("auto keeps transparency: PNG up to one megapixel, WebP above", async () => {
  expect((await encodeFrame(gradient(1000, 1000, 4, 128), encoding({}))).format).toBe(ImageFormat.PNG);
  expect((await encodeFrame(gradient(1001, 1000, 4, 128), encoding({}))).format).toBe(ImageFormat.WEBP);
});

test("auto writes large transparent pictures as PNG, because WebP's encoder holds them whole", async () => {
  const formatOf = (heightPx: number) =>
    chooseFormat(
      {
        widthPx: 10_000,
        heightPx,
        channels: 4,
        readRows: async (y, count) => {
          const rows = new Uint8Array(count * 40_000);
          for (let at = 0; at < rows.length; at++) rows[at] = (at * 31 + y) % 251;
          return rows;
        },
      },
      false,
    );
  expect(await formatOf(4_000)).toBe(ImageFormat.WEBP);
  expect(await formatOf(4_001)).toBe(ImageFormat.PNG);
});

test("auto writes pictures of few colours as PNG at any size, and those too long for WebP", async () => {
  const dithered = createFrame(1200, 1000, 1);
  for (let at = 0; at < dithered.data.length; at++) dithered.data[at] = (at * 2654435761) % 7 < 3 ? 255 : 0;
  expect((await encodeFrame(dithered, encoding({}))).format).toBe(ImageFormat.PNG);
  expect((await encodeFrame(gradient(16_384, 64, 4, 99), encoding({}))).format).toBe(ImageFormat.PNG);
  expect((await encodeFrame(gradient(600, 500, 3), encoding({ lossless: true }))).format).toBe(ImageFormat.PNG);
});

test("PNG and lossless WebP keep every sample, for all channels", async () => {
  for (const format of [ImageFormat.PNG, ImageFormat.WEBP]) {
    for (const channels of [1, 2, 3, 4] as const) {
      const frame = gradient(61, 47, channels, 200);
      const { bytes } = await encodeFrame(frame, encoding({ format, lossless: format === ImageFormat.WEBP }));
      const back = (await decodePicture(bytes, defaultLimits)).frame;
      // WebP has no grey: it comes back as equal red, green and blue.
      const grey = channels <= 2 && format === ImageFormat.WEBP;
      const expected = grey ? expandGrey(frame) : frame;
      expect(back.channels).toBe(expected.channels);
      expect(Buffer.compare(back.data, expected.data)).toBe(0);
    }
  }
});

test("lossy formats are close to the frame at their default quality", async () => {
  const frame = gradient(320, 240, 3);
  for (const format of [ImageFormat.JPEG, ImageFormat.WEBP, ImageFormat.AVIF]) {
    const encoded = await encodeFrame(frame, encoding({ format }));
    const back = await decodePicture(encoded.bytes, defaultLimits);
    expect(back.info.format).toBe(format);
    let sum = 0;
    for (const [at, value] of back.frame.data.entries()) sum += Math.abs(value - frame.data[at]!);
    expect(sum / frame.data.length).toBeLessThan(2);
  }
});

test("quality is applied, and colour keeps its full resolution from 90 on", async () => {
  const frame = gradient(320, 240, 3);
  const [low, high] = await Promise.all(
    [20, 95].map((quality) => encodeFrame(frame, encoding({ format: ImageFormat.JPEG, quality }))),
  );
  expect(low!.bytes.length).toBeLessThan(high!.bytes.length / 2);
  expect((await sharp(low!.bytes).metadata()).chromaSubsampling).toBe("4:2:0");
  expect((await sharp(high!.bytes).metadata()).chromaSubsampling).toBe("4:4:4");
});

test("JPEG lays transparent frames on the background with a notice, grey ones too", async () => {
  const jpeg = { format: ImageFormat.JPEG, quality: 100 };
  const clear = createFrame(32, 32, 4);
  const onWhite = await encodeFrame(clear, encoding(jpeg));
  expect(onWhite.notices.map((notice) => notice.kind)).toEqual(["alpha_flattened"]);
  expect(await middleOf(onWhite.bytes)).toEqual([255, 255, 255]);
  const onBlue = await encodeFrame(clear, encoding({ ...jpeg, background: "#2040Ff" }));
  expectNear(await middleOf(onBlue.bytes), [0x20, 0x40, 0xff]);
  const grey = createFrame(32, 32, 2);
  for (let at = 0; at < grey.data.length; at += 2) grey.data.set([100, 128], at);
  expectNear(
    await middleOf((await encodeFrame(grey, encoding({ ...jpeg, background: "#ff0000" }))).bytes),
    [177, 50, 50],
  );
  expectNear(await middleOf((await encodeFrame(grey, encoding({ ...jpeg, background: "#ffffff" }))).bytes), [177]);
  const opaque = await encodeFrame(gradient(32, 32, 4), encoding(jpeg));
  expect(opaque.notices).toEqual([]);
});

test("results carry no metadata", async () => {
  const frame = gradient(64, 64, 3);
  for (const format of [ImageFormat.JPEG, ImageFormat.PNG, ImageFormat.WEBP, ImageFormat.AVIF]) {
    const { exif, icc, xmp, iptc } = await sharp((await encodeFrame(frame, encoding({ format }))).bytes).metadata();
    expect({ exif, icc, xmp, iptc }).toEqual({ exif: undefined, icc: undefined, xmp: undefined, iptc: undefined });
  }
});

test("a wrong encoding is refused with its field, a too large result with the limit", async () => {
  const frame = gradient(8, 8, 3);
  const cases: readonly (readonly [Partial<Encoding>, string])[] = [
    [{ format: ImageFormat.GIF }, "Expected `encoding.format` to be auto, jpeg, png, webp or avif, got `gif`"],
    [
      { quality: 101 },
      "Expected `encoding.quality` to be an integer from 1 to 100, or 0 for the format's default, got `101`",
    ],
    [{ background: "red" }, "Expected `encoding.background` to be a colour as #rrggbb, got `red`"],
    [
      { format: ImageFormat.JPEG, lossless: true },
      "Expected `encoding.lossless` to be false for JPEG and AVIF, got `true`",
    ],
  ];
  for (const [fields, message] of cases) {
    await expect(encodeFrame(frame, encoding(fields))).rejects.toMatchObject({ reason: "INVALID_ARGUMENT", message });
  }
  await expect(encodeFrame(gradient(16_384, 8, 3), encoding({ format: ImageFormat.WEBP }))).rejects.toMatchObject({
    reason: "OUTPUT_TOO_LARGE",
    message: "WebP holds sides up to 16383 px, got 16384x8; use PNG",
  });
  const limits = { ...defaultLimits, maxOutputPixels: 60 };
  await expect(encodeFrame(frame, encoding({}), limits)).rejects.toMatchObject({ reason: "OUTPUT_TOO_LARGE" });
});

function expandGrey(frame: Frame): Frame {
  const channels = frame.channels === 1 ? 3 : 4;
  const wide = createFrame(frame.widthPx, frame.heightPx, channels);
  for (let pixel = 0; pixel < frame.widthPx * frame.heightPx; pixel++) {
    const grey = frame.data[pixel * frame.channels]!;
    wide.data.set([grey, grey, grey], pixel * channels);
    if (channels === 4) wide.data[pixel * 4 + 3] = frame.data[pixel * 2 + 1]!;
  }
  return wide;
}

async function middleOf(bytes: Uint8Array): Promise<number[]> {
  const { frame } = await decodePicture(bytes, defaultLimits);
  const at = (Math.floor(frame.heightPx / 2) * frame.widthPx + Math.floor(frame.widthPx / 2)) * frame.channels;
  return [...frame.data.subarray(at, at + frame.channels)];
}

function expectNear(got: readonly number[], wanted: readonly number[]): void {
  expect(got).toHaveLength(wanted.length);
  for (const [index, value] of wanted.entries()) expect(Math.abs(got[index]! - value)).toBeLessThanOrEqual(2);
}
