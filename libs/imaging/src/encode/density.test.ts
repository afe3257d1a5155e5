import { Encoding, ImageFormat } from "@pixelmesh/proto";
import { expect, test } from "vitest";
import { patchColors, patchesPx, patchSamples } from "../../test/patches.ts";
import { withFrameStore } from "../../test/with-frame-store.ts";
import { decodePicture } from "../decode/decode.ts";
import { createFrame } from "../frames/frame.ts";
import { createRasterSink } from "../frames/raster-rows.ts";
import { defaultLimits } from "../limits.ts";
import { encodeFrame, encodeRaster } from "./encode.ts";

const frame = createFrame(patchesPx, patchesPx, 3, Uint8Array.from(patchSamples(patchColors)));
const formats = [ImageFormat.PNG, ImageFormat.JPEG, ImageFormat.WEBP, ImageFormat.AVIF];

/** Reads the density of a file: pHYs of a PNG, JFIF of a JPEG, EXIF of all. */
function claimsDensity(bytes: Uint8Array): boolean {
  return ["pHYs", "JFIF", "Exif", "eXIf"].some((name) => Buffer.from(bytes).includes(name));
}

test("results have no density, in memory and in files, and keep their pixels", async () => {
  for (const format of formats) {
    const encoding = Encoding.fromPartial({ format, quality: format === ImageFormat.PNG ? 0 : 95 });
    const { bytes } = await encodeFrame(frame, encoding);
    expect(claimsDensity(bytes)).toBe(false);
    const decoded = await decodePicture(bytes, defaultLimits);
    expect(decoded.frame.data.length).toBe(frame.data.length);
    if (format === ImageFormat.PNG) expect(decoded.frame).toEqual(frame);

    await withFrameStore(100, async (frameStore) => {
      const sink = await createRasterSink(frame, frameStore);
      await sink.writeRows(0, frame.data);
      const { content } = await encodeRaster(await sink.end(), encoding, defaultLimits, frameStore);
      const parts: Uint8Array[] = [];
      for await (const part of content.parts()) parts.push(part);
      const whole = Buffer.concat(parts);
      expect(whole.length).toBe(content.sizeBytes);
      expect(claimsDensity(whole)).toBe(false);
      expect((await decodePicture(whole, defaultLimits)).frame).toEqual(decoded.frame);
    });
  }
});
