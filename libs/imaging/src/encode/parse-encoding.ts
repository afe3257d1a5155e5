import { expected } from "@pixelmesh/errors";
import { type Encoding, ImageFormat } from "@pixelmesh/proto";

/** A colour of 8-bit samples. */
export type Color = { readonly r: number; readonly g: number; readonly b: number };

/** An Encoding with its defaults filled in. `format` may be AUTO; `quality` applies to the format it becomes. */
export type ResolvedEncoding = {
  readonly format: ImageFormat;
  /** 1 to 100; undefined means the format's default. */
  readonly quality: number | undefined;
  readonly lossless: boolean;
  readonly background: Color;
};

const writable: readonly ImageFormat[] = [
  ImageFormat.AUTO,
  ImageFormat.JPEG,
  ImageFormat.PNG,
  ImageFormat.WEBP,
  ImageFormat.AVIF,
];

/** Checks an encoding before any work is spent on it. Throws INVALID_ARGUMENT with the field as `encoding.…`. */
export function parseEncoding(encoding: Encoding): ResolvedEncoding {
  const format = encoding.format === ImageFormat.UNSPECIFIED ? ImageFormat.AUTO : encoding.format;
  if (!writable.includes(format)) {
    throw expected("encoding.format", "auto, jpeg, png, webp or avif", nameOf(format));
  }
  const { quality, lossless } = encoding;
  if (!Number.isInteger(quality) || quality < 0 || quality > 100) {
    throw expected("encoding.quality", "an integer from 1 to 100, or 0 for the format's default", quality);
  }
  if (lossless && (format === ImageFormat.JPEG || format === ImageFormat.AVIF)) {
    throw expected("encoding.lossless", "false for JPEG and AVIF", lossless);
  }
  return {
    format,
    quality: quality === 0 ? undefined : quality,
    lossless,
    background: parseBackground(encoding.background),
  };
}

function parseBackground(text: string): Color {
  if (text === "") return { r: 255, g: 255, b: 255 };
  if (!/^#[0-9a-f]{6}$/i.test(text)) throw expected("encoding.background", "a colour as #rrggbb", text);
  const value = Number.parseInt(text.slice(1), 16);
  return { r: value >> 16, g: (value >> 8) & 255, b: value & 255 };
}

function nameOf(format: ImageFormat): string {
  const found = Object.entries(ImageFormat).find(([, value]) => value === format);
  return found === undefined ? `${format}` : found[0].toLowerCase();
}
