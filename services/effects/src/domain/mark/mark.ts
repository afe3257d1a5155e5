import { type Frame, memoryFrameStore, type Raster, resizeRaster, toWholeFrame } from "@pixelmesh/imaging";
import type { Pace } from "@pixelmesh/lifecycle";
import type { KernelSpace } from "../../kernels/kernel-space.ts";
import type { Size } from "../composition/length.ts";
import { drawText, type TextStyle } from "./text-mark.ts";

/** A mark in the memory of kernels: RGBA bytes, sRGB-encoded, straight alpha, rows without gaps. */
export type Mark = Size & { readonly address: number };

/** Largest number of pixels of a prepared mark. A larger one is prepared at fewer pixels and enlarged where it is laid. */
export const maxMarkPixels = 16 * 1024 * 1024;

/** Returns the size at which a mark is prepared. */
export function preparedSize({ widthPx, heightPx }: Size, maxPixels = maxMarkPixels): Size {
  const factor = Math.min(1, Math.sqrt(maxPixels / (widthPx * heightPx)));
  const side = (px: number) => Math.max(1, Math.floor(px * factor));
  return { widthPx: side(widthPx), heightPx: side(heightPx) };
}

/** Draws a line of text as a mark of this size. */
export async function toTextMark(space: KernelSpace, style: TextStyle, size: Size, pace: Pace): Promise<Mark> {
  const stride = size.widthPx * 4;
  const address = space.allocate(size.heightPx * stride);
  await drawText(style, size, pace, (y, rgba) => space.bytes(address + y * stride, stride).set(rgba));
  return { ...size, address };
}

/** Resizes a picture to a mark of this size, with Lanczos' kernel of 3 lobes. */
export async function toPictureMark(space: KernelSpace, picture: Raster, size: Size, pace: Pace): Promise<Mark> {
  const resized = await resizeRaster(picture, size.widthPx, size.heightPx, "lanczos3", memoryFrameStore);
  const frame = await toWholeFrame(resized);
  const stride = size.widthPx * 4;
  const address = space.allocate(size.heightPx * stride);
  for (let y = 0; y < size.heightPx; y++) {
    spread(frame, y, space.bytes(address + y * stride, stride));
    await pace(size.widthPx);
  }
  return { ...size, address };
}

/** Writes a row of one to four channels as RGBA. */
function spread({ data, channels, widthPx }: Frame, y: number, rgba: Uint8Array): void {
  const isGrey = channels < 3;
  const hasAlpha = channels % 2 === 0;
  for (let x = 0, from = y * widthPx * channels; x < widthPx; x++, from += channels) {
    for (let c = 0; c < 3; c++) rgba[x * 4 + c] = data[isGrey ? from : from + c] as number;
    rgba[x * 4 + 3] = hasAlpha ? (data[from + channels - 1] as number) : 255;
  }
}
