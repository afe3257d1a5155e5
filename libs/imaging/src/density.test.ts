import { Encoding, ImageFormat } from "@pixelmesh/proto";
import { expect, test } from "vitest";
import { patchColors, patchesPx, patchSamples } from "../test/patches.ts";
import { withRoom } from "../test/with-room.ts";
import { decodePicture } from "./decode.ts";
import { encodeFrame, encodeRaster } from "./encode.ts";
import { createFrame } from "./frame.ts";
import { defaultLimits } from "./limits.ts";
import { createRasterSink } from "./rasters/raster-rows.ts";

const frame = createFrame(patchesPx, patchesPx, 3, Uint8Array.from(patchSamples(patchColors)));
const formats = [ImageFormat.PNG, ImageFormat.JPEG, ImageFormat.WEBP, ImageFormat.AVIF];

/** Where the formats keep a density: pHYs of a PNG, JFIF of a JPEG, EXIF of all. */
function claimsDensity(bytes: Uint8Array): boolean {
  return ["pHYs", "JFIF", "Exif", "eXIf"].some((name) => Buffer.from(bytes).includes(name));
}

test("results claim no density, in memory and in files, and their pixels are whole", async () => {
  for (const format of formats) {
    const encoding = Encoding.fromPartial({ format, quality: format === ImageFormat.PNG ? 0 : 95 });
    const { bytes } = await encodeFrame(frame, encoding);
    expect(claimsDensity(bytes)).toBe(false);
    const decoded = await decodePicture(bytes, defaultLimits);
    expect(decoded.frame.data.length).toBe(frame.data.length);
    if (format === ImageFormat.PNG) expect(decoded.frame).toEqual(frame);

    await withRoom(100, async (room) => {
      const sink = await createRasterSink(frame, room);
      await sink.writeRows(0, frame.data);
      const { content } = await encodeRaster(await sink.end(), encoding, defaultLimits, room);
      const parts: Uint8Array[] = [];
      for await (const part of content.parts()) parts.push(part);
      const whole = Buffer.concat(parts);
      expect(whole.length).toBe(content.sizeBytes);
      expect(claimsDensity(whole)).toBe(false);
      expect((await decodePicture(whole, defaultLimits)).frame).toEqual(decoded.frame);
    });
  }
});
