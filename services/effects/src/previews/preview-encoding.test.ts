import { createFrame, decodePicture, defaultLimits, encodeFrame, type Frame, resizeFrame } from "@pixelmesh/imaging";
import { Encoding, ImageFormat } from "@pixelmesh/proto";
import { frameSsim, testPicture } from "@pixelmesh/testing";
import sharp from "sharp";
import { expect, test } from "vitest";
import { encodePreview } from "./preview-encoding.ts";

async function photograph(): Promise<Frame> {
  const { bytes } = await testPicture("still-life.jpg");
  return resizeFrame((await decodePicture(bytes, defaultLimits)).frame, 300, 200);
}

/** Returns the picture with an alpha that falls from left to right, or one of 255. */
function withAlpha({ widthPx, heightPx, data }: Frame, isConstant: boolean): Frame {
  const rgba = Uint8Array.from({ length: widthPx * heightPx * 4 }, (_, at) => {
    const pixel = Math.floor(at / 4);
    if (at % 4 < 3) return data[pixel * 3 + (at % 4)] as number;
    return isConstant ? 255 : (pixel * 7) % 256;
  });
  return createFrame(widthPx, heightPx, 4, rgba);
}

const auto = Encoding.create();
const encode = (shown: Frame, encoding: Encoding) => encodePreview(shown, encoding, defaultLimits);

test("a small photograph becomes a JPEG with full colour resolution that looks the same", async () => {
  const picture = await photograph();
  for (const shown of [picture, withAlpha(picture, true)]) {
    const { bytes, format } = await encode(shown, auto);
    expect(format).toBe(ImageFormat.JPEG);
    const read = sharp(bytes);
    expect((await read.metadata()).chromaSubsampling).toBe("4:4:4");
    const data = new Uint8Array(await read.raw().toBuffer());
    expect(frameSsim(createFrame(300, 200, 3, data), picture)).toBeGreaterThan(0.98);
  }
});

test("few colours and transparent pictures become PNG with their own pixels", async () => {
  const dots = Uint8Array.from({ length: 300 * 200 * 3 }, (_, at) => (Math.floor(at / 3) % 2) * 255);
  const flat = createFrame(300, 200, 3, dots);
  for (const shown of [flat, withAlpha(await photograph(), false), withAlpha(flat, false)]) {
    const { bytes, format } = await encode(shown, auto);
    expect(format).toBe(ImageFormat.PNG);
    expect(Buffer.compare(await sharp(bytes).raw().toBuffer(), shown.data)).toBe(0);
  }
});

test("what the caller names stays", async () => {
  const picture = await photograph();
  for (const named of [
    { ...auto, format: ImageFormat.WEBP, quality: 40 },
    { ...auto, lossless: true },
  ]) {
    const [{ bytes }, wanted] = [await encode(picture, named), await encodeFrame(picture, named, defaultLimits)];
    expect(Buffer.compare(bytes, wanted.bytes)).toBe(0);
  }
  const ofQuality = async (quality: number) => (await encode(picture, { ...auto, quality })).bytes.length;
  expect(await ofQuality(40)).toBeLessThan((await ofQuality(0)) / 2);
});
