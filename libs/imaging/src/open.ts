import { AppError } from "@pixelmesh/errors";
import { ImageFormat } from "@pixelmesh/proto";
import type { SharpOptions } from "sharp";
import { toFormatName } from "./formats.ts";
import { assertInputBytes, assertInputFrames, assertInputSize, type PictureLimits } from "./limits.ts";
import { sniffForeignName, sniffFormat } from "./sniff.ts";
import { withoutPngText } from "./structure/png.ts";
import { readStructure } from "./structure/read-structure.ts";
import type { Structure } from "./structure/structure.ts";

/** A file that passed every check that needs no library, ready for libvips. */
export type OpenedPicture = {
  readonly format: ImageFormat;
  readonly structure: Structure;
  /** What libvips is given: the file, without what would harm it. */
  readonly bytes: Uint8Array;
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
    bytes: structure.hasCompressedText ? withoutPngText(bytes) : bytes,
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

/** The error for what libvips said of a picture: IMAGE_TRUNCATED where the structure says so, else IMAGE_CORRUPT. */
export function toPictureError(cause: unknown, opened: OpenedPicture): AppError {
  if (cause instanceof AppError) return cause;
  const name = toFormatName(opened.format);
  const detail = toDetail(cause);
  if (detail.startsWith("timeout")) {
    return new AppError("DEADLINE_EXCEEDED", `The ${name} file took too long to decode`, { cause });
  }
  if (opened.structure.truncated) {
    return new AppError("IMAGE_TRUNCATED", `The ${name} file ends too early`, { cause });
  }
  return new AppError("IMAGE_CORRUPT", `The ${name} file cannot be decoded: ${detail || "its header is damaged"}`, {
    cause,
  });
}

/** The last thing that libvips said, without the names of its own functions. */
function toDetail(cause: unknown): string {
  const message = cause instanceof Error ? cause.message : "";
  const line = message.split("\n").find((text) => !/load error$/.test(text)) ?? "";
  return line
    .replace(/^Input buffer has corrupt header:/, "")
    .replace(/^\s*(Vips\w+|vips\w+|\w*2vips|\w*load_buffer|heif|webp): /, "")
    .trim()
    .slice(0, 160);
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
