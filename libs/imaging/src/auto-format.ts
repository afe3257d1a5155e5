import { ImageFormat } from "@pixelmesh/proto";
import { type Frame, frameHasAlpha } from "./frame.ts";

/** The longest side that a WebP can have. */
export const WEBP_MAX_SIDE_PX = 16_383;

// Up to here a PNG is small enough whatever it shows (750 KB at the very worst).
const SMALL_OPAQUE_PIXELS = 250_000;
const SMALL_ALPHA_PIXELS = 1_000_000;
// Dithered, pixelated and drawn pictures have few colours: PNG holds them smaller than JPEG, and without ringing. Grey
// photographs have a hundred or more.
const FLAT_COLORS = 64;
const SAMPLES = 65_536;

/**
 * The format for `auto`, by this rule. Transparent parts: WebP above 1 MP, else PNG. Opaque (also by an alpha that is 255
 * throughout): JPEG above 0.25 MP, else PNG. Pictures of at most 64 colours are PNG at any size, and so is what is
 * longer than a WebP can be or must be lossless.
 */
export function chooseFormat(frame: Frame, lossless: boolean): ImageFormat {
  if (lossless || isFlat(frame)) return ImageFormat.PNG;
  const pixels = frame.widthPx * frame.heightPx;
  if (isOpaque(frame)) return pixels > SMALL_OPAQUE_PIXELS ? ImageFormat.JPEG : ImageFormat.PNG;
  const fitsWebp = Math.max(frame.widthPx, frame.heightPx) <= WEBP_MAX_SIDE_PX;
  return pixels > SMALL_ALPHA_PIXELS && fitsWebp ? ImageFormat.WEBP : ImageFormat.PNG;
}

/** Whether no pixel is transparent: there is no alpha, or it is 255 everywhere. */
export function isOpaque(frame: Frame): boolean {
  if (!frameHasAlpha(frame)) return true;
  const { data, channels } = frame;
  for (let index = channels - 1; index < data.length; index += channels) if (data[index] !== 255) return false;
  return true;
}

/** Whether an even sample of the pixels has at most 64 colours. */
function isFlat(frame: Frame): boolean {
  const { data, channels } = frame;
  const pixels = frame.widthPx * frame.heightPx;
  const step = Math.max(1, Math.floor(pixels / SAMPLES));
  const colors = new Set<number>();
  for (let pixel = 0; pixel < pixels; pixel += step) {
    let color = 0;
    for (let channel = 0; channel < channels; channel++) color = color * 256 + (data[pixel * channels + channel] ?? 0);
    colors.add(color);
    if (colors.size > FLAT_COLORS) return false;
  }
  return true;
}
