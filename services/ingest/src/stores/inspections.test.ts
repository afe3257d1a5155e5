import { ImageFormat } from "@pixelmesh/proto";
import sharp from "sharp";
import { expect, test } from "vitest";
import { createInspector } from "./inspections.ts";

const limits = {
  maxBytes: 2 ** 20,
  maxInputPixels: 1e6,
  maxOutputPixels: 1e6,
  maxSidePx: 4_096,
  maxFrames: 1,
  allowTiff: false,
};
const makePicture = (widthPx: number, heightPx: number) =>
  sharp({ create: { width: widthPx, height: heightPx, channels: 3, background: "#336699" } })
    .png()
    .toBuffer();

test("equal bytes are inspected once, other bytes are inspected for themselves", async () => {
  const inspect = createInspector(limits);
  const [wide, tall] = [await makePicture(30, 20), await makePicture(20, 30)];
  const first = await inspect(wide);
  expect(first).toMatchObject({ format: ImageFormat.PNG, widthPx: 30, heightPx: 20, channels: 3, hasAlpha: false });
  expect(await inspect(Buffer.from(wide))).toBe(first);
  expect(await inspect(tall)).toMatchObject({ widthPx: 20, heightPx: 30 });
  expect(await inspect(wide)).toBe(first);
});

test("a picture that cannot be used is refused each time", async () => {
  const inspect = createInspector(limits);
  const broken = (await makePicture(30, 20)).subarray(0, 30);
  for (let at = 0; at < 2; at++)
    await expect(inspect(broken)).rejects.toMatchObject({ reason: expect.stringMatching(/^IMAGE_/) });
});
