import { ImageFormat } from "@pixelmesh/proto";
import { frameHasAlpha } from "../frames/frame.ts";
import { readBlocks } from "../frames/row-blocks.ts";
import type { RowSource } from "../frames/rows.ts";

/** The longest side of a WebP. */
export const WEBP_MAX_SIDE_PX = 16_383;

// Up to these sizes a PNG is small enough for any content (at worst 750 KB).
const SMALL_OPAQUE_PIXELS = 250_000;
const SMALL_ALPHA_PIXELS = 1_000_000;
// WebP's encoder holds the whole picture, 6 bytes a pixel. PNG is written row by row.
const LARGE_ALPHA_PIXELS = 40_000_000;
// Dithered, pixelated and drawn pictures have few colours: PNG stores them smaller than JPEG and without ringing. Grey
// photographs have a hundred or more.
const FLAT_COLORS = 64;
const SAMPLES = 65_536;

/**
 * Chooses the format for `auto`. With transparent parts: WebP from 1 to 40 MP, else PNG. Opaque (also with an alpha of 255
 * throughout): JPEG above `smallOpaquePixels`, 0.25 MP, else PNG. PNG at any size for pictures of at most 64 colours, for sides
 * longer than a WebP's, and for `lossless`.
 */
export async function chooseFormat(
  source: RowSource,
  lossless: boolean,
  smallOpaquePixels = SMALL_OPAQUE_PIXELS,
): Promise<ImageFormat> {
  if (lossless || (await isFlat(source))) return ImageFormat.PNG;
  const pixels = source.widthPx * source.heightPx;
  if (await isOpaque(source)) return pixels > smallOpaquePixels ? ImageFormat.JPEG : ImageFormat.PNG;
  const fitsWebp = Math.max(source.widthPx, source.heightPx) <= WEBP_MAX_SIDE_PX && pixels <= LARGE_ALPHA_PIXELS;
  return pixels > SMALL_ALPHA_PIXELS && fitsWebp ? ImageFormat.WEBP : ImageFormat.PNG;
}

/** Whether no pixel is transparent: the picture has no alpha, or alpha is 255 everywhere. */
export async function isOpaque(source: RowSource): Promise<boolean> {
  return !frameHasAlpha(source) || (await findConstantAlpha(source)) === 255;
}

/** Returns the alpha that all pixels share; undefined without alpha or if it varies. Stops reading at the first difference. */
export async function findConstantAlpha(source: RowSource): Promise<number | undefined> {
  if (!frameHasAlpha(source)) return undefined;
  const { channels } = source;
  let first: number | undefined;
  for await (const { rows } of readBlocks(source)) {
    first ??= rows[channels - 1];
    for (let at = channels - 1; at < rows.length; at += channels) if (rows[at] !== first) return undefined;
  }
  return first;
}

/** Whether an even sample of the pixels has at most 64 colours. */
async function isFlat(source: RowSource): Promise<boolean> {
  const { widthPx, heightPx, channels } = source;
  const step = Math.max(1, Math.floor((widthPx * heightPx) / SAMPLES));
  const colors = new Set<number>();
  let pixel = 0;
  for await (const { y, rows } of readBlocks(source)) {
    const first = y * widthPx;
    for (; (pixel - first) * channels < rows.length; pixel += step) {
      const at = (pixel - first) * channels;
      let color = 0;
      for (let channel = 0; channel < channels; channel++) color = color * 256 + (rows[at + channel] ?? 0);
      colors.add(color);
      if (colors.size > FLAT_COLORS) return false;
    }
  }
  return true;
}
