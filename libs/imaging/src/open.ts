import { AppError } from "@pixelmesh/errors";
import { ImageFormat } from "@pixelmesh/proto";
import type { SharpOptions } from "sharp";
import { toFormatName } from "./formats.ts";
import { assertInputBytes, assertInputFrames, assertInputSize, type PictureLimits } from "./limits.ts";
import { sniffForeignName, sniffFormat } from "./sniff.ts";
import { toStillAvif } from "./structure/avif-edit.ts";
import { readAvifItem } from "./structure/avif-item.ts";
import { completePng, withoutPngText } from "./structure/png.ts";
import { readStructure } from "./structure/read-structure.ts";
import type { Structure } from "./structure/structure.ts";

/** A file that passed every check that needs no library, ready for libvips. */
export type OpenedPicture = {
  readonly format: ImageFormat;
  readonly structure: Structure;
  /** What libvips is given: the file, without what would harm it, with an end where only that is missing. */
  readonly bytes: Uint8Array;
  /** The colours are multiplied by alpha, and libvips leaves them so: of AVIF alone. */
  readonly isPremultiplied: boolean;
  readonly options: SharpOptions;
};

/**
 * Sniffs, reads the outer structure and applies the limits, all before libvips sees a byte. Throws IMAGE_EMPTY,
 * IMAGE_TYPE_UNSUPPORTED, IMAGE_CORRUPT, IMAGE_TRUNCATED, or the reason of the limit that is passed.
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
  // An APNG's frames are chunks that are skipped, so they cost nothing and are no reason to refuse its still picture.
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
      // "error" refuses what is damaged or cut off, and lets harmless oddities pass ("warning" would not).
      failOn: "error",
      // The limits above speak first and say more; this is libvips' own net for what they could not see.
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
