import { AppError } from "@pixelmesh/errors";
import { ImageFormat, type ImageInfo } from "@pixelmesh/proto";
import type { Metadata } from "sharp";
import { sharp } from "../engine/engine.ts";
import { toFormatName } from "../formats/format-names.ts";
import { assertInputFrames, assertInputSize, type PictureLimits } from "../limits.ts";
import { decodeVerified } from "./decode-failures.ts";
import { type OpenedPicture, openPicture } from "./open-picture.ts";

/**
 * Reads the facts of a picture from its header without decoding it. Sides are those after EXIF orientation. Throws IMAGE_EMPTY,
 * IMAGE_TYPE_UNSUPPORTED, IMAGE_CORRUPT, IMAGE_TRUNCATED (the header itself is cut off), IMAGE_TOO_MANY_BYTES,
 * IMAGE_TOO_MANY_PIXELS, IMAGE_SIDE_TOO_LONG or IMAGE_TOO_MANY_FRAMES.
 */
export async function inspectPicture(bytes: Uint8Array, limits: PictureLimits): Promise<ImageInfo> {
  const { opened, metadata } = await readHeader(bytes, limits);
  return toImageInfo(bytes.length, opened, metadata);
}

/** A file that passed all checks of its header, and libvips' metadata of it. */
type PictureHeader = { readonly opened: OpenedPicture; readonly metadata: Metadata };

/** Opens a file and reads its header as `inspectPicture` does. */
export async function readHeader(bytes: Uint8Array, limits: PictureLimits): Promise<PictureHeader> {
  const opened = openPicture(bytes, limits);
  return { opened, metadata: await readMetadata(opened, limits) };
}

/** Reads libvips' metadata of the header and checks the limits again: libvips sees sizes that the structure hides. */
async function readMetadata(opened: OpenedPicture, limits: PictureLimits): Promise<Metadata> {
  const metadata = await decodeVerified(opened, () =>
    sharp(opened.bytes, { ...opened.options, limitInputPixels: false }).metadata(),
  );
  if (formatOf(metadata) !== opened.format) {
    throw new AppError(
      "IMAGE_CORRUPT",
      `The file begins like ${toFormatName(opened.format)} but is ${metadata.format}`,
    );
  }
  assertInputSize(metadata.width, metadata.height, limits);
  assertInputFrames(metadata.pages ?? 1, limits);
  return metadata;
}

/** Converts the facts to the contract's message. */
export function toImageInfo(sizeBytes: number, opened: OpenedPicture, metadata: Metadata): ImageInfo {
  const gainsAlpha = lacksAlpha(opened, metadata);
  return {
    format: opened.format,
    widthPx: metadata.autoOrient.width,
    heightPx: metadata.autoOrient.height,
    channels: metadata.channels + (gainsAlpha ? 1 : 0),
    hasAlpha: metadata.hasAlpha || gainsAlpha,
    bitsPerChannel: bitsOf(metadata),
    frames: Math.max(opened.structure.frames, metadata.pages ?? 1),
    exifOrientation: metadata.orientation ?? 1,
    hasIccProfile: metadata.hasProfile,
    colorSpace: metadata.space,
    sizeBytes,
  };
}

/** Whether the first frame of a GIF covers only a part of its canvas and libvips sees no transparency in it. */
export function lacksAlpha({ structure }: OpenedPicture, { hasAlpha }: Pick<Metadata, "hasAlpha">): boolean {
  return structure.firstFrame !== undefined && !hasAlpha;
}

/** Returns the bits of a decoded sample. A palette of one-bit indices has 8. */
function bitsOf(metadata: Metadata): number {
  const { depth, bitsPerSample = 0 } = metadata;
  if (depth === "uchar" || depth === "char") return 8;
  const container = depth === "ushort" || depth === "short" ? 16 : 32;
  return bitsPerSample > 8 && bitsPerSample < container ? bitsPerSample : container;
}

function formatOf(metadata: Metadata): ImageFormat | undefined {
  switch (metadata.format) {
    case "jpeg":
      return ImageFormat.JPEG;
    case "png":
      return ImageFormat.PNG;
    case "webp":
      return ImageFormat.WEBP;
    case "gif":
      return ImageFormat.GIF;
    case "tiff":
      return ImageFormat.TIFF;
    case "heif":
      return metadata.compression === "av1" ? ImageFormat.AVIF : undefined;
    default:
      return undefined;
  }
}
