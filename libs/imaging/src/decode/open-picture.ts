import { AppError } from "@pixelmesh/errors";
import { ImageFormat } from "@pixelmesh/proto";
import type { SharpOptions } from "sharp";
import { toFormatName } from "../formats/format-names.ts";
import { sniffForeignName, sniffFormat } from "../formats/sniff.ts";
import { assertInputBytes, assertInputFrames, assertInputSize, type PictureLimits } from "../limits.ts";
import { toStillAvif } from "../structure/avif-edit.ts";
import { readAvifItem } from "../structure/avif-item.ts";
import { completePng, withoutPngText } from "../structure/png.ts";
import { readStructure } from "../structure/read-structure.ts";
import type { Structure } from "../structure/structure.ts";

/** A file that passed all checks without a library, ready for libvips. */
export type OpenedPicture = {
  readonly format: ImageFormat;
  readonly structure: Structure;
  /** The bytes for libvips: the file without harmful parts, completed if only its end is missing. */
  readonly bytes: Uint8Array;
  /** The colours are multiplied by alpha and libvips leaves them so. Only AVIF. */
  readonly isPremultiplied: boolean;
  readonly options: SharpOptions;
};

/**
 * Detects the format, reads the outer structure and applies the limits, all before libvips sees a byte. Throws IMAGE_EMPTY,
 * IMAGE_TYPE_UNSUPPORTED, IMAGE_CORRUPT, IMAGE_TRUNCATED, or the reason of the exceeded limit.
 */
export function openPicture(bytes: Uint8Array, limits: PictureLimits): OpenedPicture {
  if (bytes.length === 0) throw new AppError("IMAGE_EMPTY", "Expected a picture, got no bytes");
  assertInputBytes(bytes.length, limits);
  const format = sniffFormat(bytes);
  if (format === undefined || (format === ImageFormat.TIFF && !limits.allowTiff)) throw unsupported(bytes, limits);
  const structure = readStructure(bytes, format, limits.maxFrames);
  if (structure.widthPx !== undefined && structure.heightPx !== undefined) {
    assertInputSize(structure.widthPx, structure.heightPx, limits);
  }
  // The frames of an APNG are chunks that are skipped, so they cost nothing.
  if (format !== ImageFormat.PNG) assertInputFrames(structure.frames, limits);
  if (structure.tooManyParts) {
    throw new AppError("IMAGE_CORRUPT", `The ${toFormatName(format)} file has more parts than any real picture`);
  }
  return {
    format,
    structure,
    bytes: toDecodable(bytes, format, structure),
    isPremultiplied: format === ImageFormat.AVIF && readAvifItem(bytes).isPremultiplied,
    options: {
      // "error" refuses damaged and truncated files, and accepts harmless oddities ("warning" would not).
      failOn: "error",
      // Our limits fail first with better texts. This one is libvips' own, for sizes that they could not see.
      limitInputPixels: limits.maxInputPixels,
      sequentialRead: true,
      pages: 1,
    },
  };
}

function toDecodable(bytes: Uint8Array, format: ImageFormat, structure: Structure): Uint8Array {
  if (format === ImageFormat.AVIF) return toStillAvif(bytes);
  if (format !== ImageFormat.PNG) return structure.completed ?? bytes;
  const whole = (structure.truncated ? completePng(bytes) : undefined) ?? bytes;
  return structure.hasCompressedText ? withoutPngText(whole) : whole;
}

function unsupported(bytes: Uint8Array, limits: PictureLimits): AppError {
  const accepted = `JPEG, PNG, WebP, AVIF, GIF${limits.allowTiff ? ", TIFF" : ""}`;
  const name = sniffFormat(bytes) === ImageFormat.TIFF ? "TIFF" : sniffForeignName(bytes);
  return new AppError(
    "IMAGE_TYPE_UNSUPPORTED",
    `Expected one of ${accepted}, got ${name ?? "bytes of no known type"}`,
    { metadata: { accepted, got: name ?? "unknown" } },
  );
}
