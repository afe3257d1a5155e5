import { AppError } from "@pixelmesh/errors";
import type { ImageInfo, Notice } from "@pixelmesh/proto";
import type { Metadata } from "sharp";
import { sharp } from "./engine.ts";
import { type Channels, createFrame, type Frame } from "./frame.ts";
import { isSrgbProfile, readIccDescription } from "./icc.ts";
import { readMetadata, toImageInfo } from "./inspect.ts";
import type { PictureLimits } from "./limits.ts";
import { openPicture, toPictureError } from "./open.ts";
import { toGreyAlpha, toPlainBytes } from "./raw.ts";

/** A decoded picture, the facts of its file, and what was harmlessly changed on the way (`stepId` is left empty). */
export type DecodedPicture = { readonly frame: Frame; readonly info: ImageInfo; readonly notices: Notice[] };

// Far above what the largest allowed picture takes; a file that needs longer was made to.
const DECODE_TIMEOUT_S = 30;

/**
 * Decodes the first frame: upright, 8-bit sRGB, alpha as the file has it, grey as 1 or 2 channels. Notices: `first_frame`,
 * `bit_depth`, `color_profile`. Throws what `inspectPicture` throws, IMAGE_TRUNCATED or IMAGE_CORRUPT where pixels are
 * missing, and DEADLINE_EXCEEDED after 30 s.
 */
export async function decodePicture(bytes: Uint8Array, limits: PictureLimits): Promise<DecodedPicture> {
  const opened = openPicture(bytes, limits);
  const metadata = await readMetadata(opened, limits);
  const info = toImageInfo(bytes.length, opened, metadata);
  const isGreyAlpha = isGrey(metadata) && metadata.hasAlpha;
  const image = sharp(opened.bytes, { ...opened.options, autoOrient: true }).timeout({ seconds: DECODE_TIMEOUT_S });
  // sharp writes raw grey without its alpha, so grey with alpha travels as sRGB.
  if (isGrey(metadata) && !isGreyAlpha) image.toColourspace("b-w");
  // sharp takes 16-bit pixels with a profile to P3, and only on request from there to sRGB.
  if (metadata.space === "rgb16" && metadata.hasProfile) image.withIccProfile("srgb");
  try {
    const raw = await image.raw({ depth: "uchar" }).toBuffer({ resolveWithObject: true });
    if (raw.info.width !== info.widthPx || raw.info.height !== info.heightPx) {
      throw new Error(`decoded as ${raw.info.width}x${raw.info.height}, announced as ${info.widthPx}x${info.heightPx}`);
    }
    const frame = createFrame(info.widthPx, info.heightPx, toChannels(raw.info.channels), toPlainBytes(raw.data));
    return { frame: isGreyAlpha ? toGreyAlpha(frame) : frame, info, notices: noticesOf(info, metadata) };
  } catch (error) {
    throw toPictureError(error, opened);
  }
}

function isGrey(metadata: Metadata): boolean {
  return metadata.space === "b-w" || metadata.space === "grey16";
}

function toChannels(channels: number): Channels {
  if (channels === 1 || channels === 2 || channels === 3 || channels === 4) return channels;
  throw new AppError("IMAGE_TYPE_UNSUPPORTED", `Expected a picture of 1 to 4 channels, got ${channels}`);
}

function noticesOf(info: ImageInfo, metadata: Metadata): Notice[] {
  const notices: Notice[] = [];
  if (info.frames > 1) {
    notices.push({ stepId: "", kind: "first_frame", text: `Used the first of ${info.frames} frames` });
  }
  if (info.bitsPerChannel > 8) {
    notices.push({ stepId: "", kind: "bit_depth", text: `Reduced ${info.bitsPerChannel} bits a channel to 8` });
  }
  // libvips leaves 16-bit grey as it is, whatever its profile.
  const profile = metadata.space === "grey16" ? undefined : metadata.icc;
  if (metadata.space === "cmyk" || (profile !== undefined && !isSrgbProfile(profile))) {
    const name = profile === undefined ? undefined : readIccDescription(profile);
    const from =
      metadata.space === "cmyk" ? `CMYK${name === undefined ? "" : ` (${name})`}` : (name ?? "its own profile");
    notices.push({ stepId: "", kind: "color_profile", text: `Converted from ${from} to sRGB` });
  }
  return notices;
}
