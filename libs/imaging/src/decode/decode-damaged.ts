import { AppError } from "@pixelmesh/errors";
import type { Sharp } from "sharp";
import { sharp } from "../engine/engine.ts";
import { toRaster } from "../engine/raw-pixels.ts";
import { type Content, toFileContent } from "../frames/content.ts";
import type { FrameStore } from "../frames/frame-store.ts";
import { type Raster, rasterBytes, type Shape } from "../frames/raster.ts";
import { DECODE_TIMEOUT_S } from "./render.ts";

/**
 * Decodes a JPEG that we encoded and whose data was damaged on purpose: libjpeg shows wrong codes as they come and fills what is missing with grey. The
 * sides and channels in its headers must be those of `shape`. Pictures above the frame store's memory limit are read from a file and written to
 * one. Throws DEADLINE_EXCEEDED after 30 s, and INTERNAL where libvips refuses the file, as it does for damaged headers.
 */
export async function decodeDamagedJpeg(jpeg: Content, shape: Shape, frameStore: FrameStore): Promise<Raster> {
  const image = await open(jpeg, rasterBytes(shape) > frameStore.maxFrameBytes ? frameStore : undefined);
  try {
    return await toRaster(image.timeout({ seconds: DECODE_TIMEOUT_S }), shape, frameStore);
  } catch (cause) {
    if (cause instanceof AppError) throw cause;
    if (cause instanceof Error && cause.message.startsWith("timeout"))
      throw new AppError("DEADLINE_EXCEEDED", "The damaged JPEG took too long to decode", { cause });
    throw new AppError("INTERNAL", "The damaged JPEG cannot be decoded", { cause });
  }
}

async function open(jpeg: Content, files: FrameStore | undefined): Promise<Sharp> {
  const options = { failOn: "none", limitInputPixels: false, sequentialRead: true, ignoreIcc: true } as const;
  if (files) {
    const path = await files.newPath("jpg");
    await toFileContent(jpeg, path);
    return sharp(path, options);
  }
  const parts: Uint8Array[] = [];
  for await (const part of jpeg.parts()) parts.push(part);
  return sharp(Buffer.concat(parts), options);
}
