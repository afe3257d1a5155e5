import { ImageFormat } from "@pixelmesh/proto";
import { expect, test } from "vitest";
import { configureImaging, sharp } from "../engine/engine.ts";
import { defaultLimits } from "../limits.ts";
import { inspectPicture } from "./inspect.ts";

const picture = (width: number, height: number) =>
  sharp({ create: { width, height, channels: 4, background: { r: 9, g: 8, b: 7, alpha: 0.5 } } });

test("the header gives every fact of the contract", async () => {
  const file = await picture(30, 20).withMetadata({ orientation: 6 }).png().toBuffer();
  expect(await inspectPicture(file, defaultLimits)).toEqual({
    format: ImageFormat.PNG,
    widthPx: 20,
    heightPx: 30,
    channels: 4,
    hasAlpha: true,
    bitsPerChannel: 8,
    frames: 1,
    exifOrientation: 6,
    hasIccProfile: true,
    colorSpace: "srgb",
    sizeBytes: file.length,
  });
});

test("only the header is read: pixels may be missing or damaged", async () => {
  const file = await picture(300, 200).png({ compressionLevel: 0 }).toBuffer();
  expect((await inspectPicture(file.subarray(0, 2000), defaultLimits)).widthPx).toBe(300);
});

test("each limit has its own error, with the limit as metadata", async () => {
  const file = await picture(300, 200).png().toBuffer();
  const cases = [
    [
      { maxBytes: 100 },
      "IMAGE_TOO_MANY_BYTES",
      `Expected a picture with up to 100 bytes, got ${file.length} bytes`,
      "100",
    ],
    [{ maxSidePx: 299 }, "IMAGE_SIDE_TOO_LONG", "Expected a picture with sides up to 299 px, got 300x200", "299"],
    [
      { maxInputPixels: 50_000 },
      "IMAGE_TOO_MANY_PIXELS",
      "Expected a picture with up to 0.05 MP, got 0.06 MP (300x200)",
      "50000",
    ],
  ] as const;
  for (const [limit, reason, message, value] of cases) {
    await expect(inspectPicture(file, { ...defaultLimits, ...limit })).rejects.toMatchObject({
      reason,
      message,
      metadata: { limit: value },
    });
  }
});

test("sizes that only libvips can read are checked against the same limits", async () => {
  const avif = await picture(300, 200).avif({ effort: 0 }).toBuffer();
  await expect(inspectPicture(avif, { ...defaultLimits, maxSidePx: 299 })).rejects.toMatchObject({
    reason: "IMAGE_SIDE_TOO_LONG",
  });
});

test("no bytes, an unsupported type and a broken header give different reasons", async () => {
  await expect(inspectPicture(new Uint8Array(0), defaultLimits)).rejects.toMatchObject({ reason: "IMAGE_EMPTY" });
  await expect(inspectPicture(Buffer.from("%PDF-1.7 and so on"), defaultLimits)).rejects.toMatchObject({
    reason: "IMAGE_TYPE_UNSUPPORTED",
    message: "Expected one of JPEG, PNG, WebP, AVIF, GIF, got PDF",
    metadata: { got: "PDF" },
  });
  const broken = await picture(30, 20).png().toBuffer();
  broken[25] = 77;
  await expect(inspectPicture(broken, defaultLimits)).rejects.toMatchObject({ reason: "IMAGE_CORRUPT" });
});

test("the number of threads is the configured one", () => {
  expect(sharp.concurrency()).toBe(1);
  configureImaging({ threads: 2 });
  expect(sharp.concurrency()).toBe(2);
  expect(() => configureImaging({ threads: 0 })).toThrow("Expected threads to be an integer from 1 to 64, got 0");
});
