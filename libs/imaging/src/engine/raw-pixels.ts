import { AppError } from "@pixelmesh/errors";
import type { Sharp } from "sharp";
import { type Channels, createFrame, type Frame } from "../frames/frame.ts";
import { adoptFrameFile } from "../frames/frame-file.ts";
import type { FrameStore } from "../frames/frame-store.ts";
import { isFrameFile, type Raster, rasterBytes, type Shape } from "../frames/raster.ts";
import { scratchWrite } from "../frames/scratch-write.ts";
import { sharp } from "./engine.ts";

/** Returns a frame as the input of a libvips pipeline, which reads its memory in place. Grey stays grey. */
export function fromFrame(frame: Frame): Sharp {
  const { widthPx: width, heightPx: height, channels } = frame;
  // Our limits already bound these pixels; libvips' limit is for files.
  const image = sharp(frame.data, { raw: { width, height, channels }, limitInputPixels: false });
  return channels <= 2 ? image.toColourspace("b-w") : image;
}

/** Returns a raster as the input of a libvips pipeline, read in place: from memory, or by memory map from its file. */
export function fromRaster(raster: Raster): Sharp {
  if (!isFrameFile(raster)) return fromFrame(raster);
  const image = sharp(raster.path, { limitInputPixels: false });
  return raster.channels <= 2 ? image.toColourspace("b-w") : image;
}

/** Runs a pipeline that must end with this shape. The result is a frame or, above the frame store's memory limit, a file. */
export async function toRaster(image: Sharp, shape: Shape, frameStore: FrameStore): Promise<Raster> {
  const { widthPx, heightPx, channels } = shape;
  if (rasterBytes(shape) <= frameStore.maxFrameBytes) {
    const frame = await toFrame(image, widthPx, heightPx, channels);
    frameStore.own(frame.data);
    return frame;
  }
  const path = await frameStore.newPath("v");
  await scratchWrite(() => image.toFile(path));
  const file = await adoptFrameFile(path);
  if (file.widthPx !== widthPx || file.heightPx !== heightPx || file.channels !== channels) {
    const got = `${file.widthPx}x${file.heightPx}x${file.channels}`;
    throw new AppError("INTERNAL", `Expected pixels of ${widthPx}x${heightPx}x${channels}, got ${got}`);
  }
  return file;
}

/** Runs a pipeline that must end with these sides and channels, to a frame. */
export async function toFrame(image: Sharp, widthPx: number, heightPx: number, channels: Channels): Promise<Frame> {
  // sharp writes raw grey without its alpha, so grey with alpha is read as sRGB.
  const output = channels === 2 ? image.toColourspace("srgb") : image;
  const bytes = toPlainBytes(await output.raw({ depth: "uchar" }).toBuffer());
  return channels === 2
    ? toGreyAlpha(createFrame(widthPx, heightPx, 4, bytes))
    : createFrame(widthPx, heightPx, channels, bytes);
}

/** Extracts grey and alpha from an RGBA frame whose colours are all grey. */
export function toGreyAlpha(frame: Frame): Frame {
  const grey = createFrame(frame.widthPx, frame.heightPx, 2);
  for (let from = 0, to = 0; from < frame.data.length; from += 4, to += 2) {
    grey.data[to] = frame.data[from] ?? 0;
    grey.data[to + 1] = frame.data[from + 3] ?? 0;
  }
  return grey;
}

/** Returns the same memory as a plain Uint8Array, whose `slice` copies; a Buffer's does not. */
export function toPlainBytes(buffer: Buffer): Uint8Array {
  return new Uint8Array(buffer.buffer, buffer.byteOffset, buffer.byteLength);
}
