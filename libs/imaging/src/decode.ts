import { AppError } from "@pixelmesh/errors";
import type { ImageInfo, Notice } from "@pixelmesh/proto";
import type { Metadata, Sharp } from "sharp";
import { sharp } from "./engine.ts";
import { type Channels, createFrame, type Frame } from "./frame.ts";
import { isSrgbProfile, readIccDescription } from "./icc.ts";
import { readMetadata, toImageInfo } from "./inspect.ts";
import type { PictureLimits } from "./limits.ts";
import { openPicture, toPictureError } from "./open.ts";
import { adoptFrameFile } from "./rasters/frame-file.ts";
import type { FrameFile, Raster } from "./rasters/raster.ts";
import { toWholeFrame } from "./rasters/raster-rows.ts";
import { memoryRoom, type Room } from "./rasters/room.ts";
import { scratchWrite } from "./rasters/scratch-write.ts";
import { toGreyAlpha, toPlainBytes } from "./raw.ts";

/** A decoded picture, the facts of its file, and what was harmlessly changed on the way (`stepId` is left empty). */
export type DecodedRaster = { readonly raster: Raster; readonly info: ImageInfo; readonly notices: Notice[] };

/** A decoded picture in memory. */
export type DecodedPicture = Omit<DecodedRaster, "raster"> & { readonly frame: Frame };

// Far above what the largest allowed picture takes; a file that needs longer was made to.
const DECODE_TIMEOUT_S = 30;

/**
 * Decodes the first frame: upright, 8-bit sRGB, alpha as the file has it, grey as 1 or 2 channels. Notices: `first_frame`,
 * `bit_depth`, `color_profile`. Throws what `inspectPicture` throws, IMAGE_TRUNCATED or IMAGE_CORRUPT where pixels are
 * missing, and DEADLINE_EXCEEDED after 30 s.
 */
export async function decodePicture(bytes: Uint8Array, limits: PictureLimits): Promise<DecodedPicture> {
  const { raster, ...facts } = await decodeRaster(bytes, limits, memoryRoom);
  return { frame: await toWholeFrame(raster), ...facts };
}

/**
 * `decodePicture` for pictures that may be too large for memory: those go to a file row by row as they are decoded.
 * (Progressive JPEG, interlaced PNG, WebP, AVIF and what has to be turned upright are whole in memory once while libvips
 * decodes them; at 50 megapixels that is 200 MB at most.)
 */
export async function decodeRaster(bytes: Uint8Array, limits: PictureLimits, room: Room): Promise<DecodedRaster> {
  const opened = openPicture(bytes, limits);
  const metadata = await readMetadata(opened, limits);
  const info = toImageInfo(bytes.length, opened, metadata);
  const image = sharp(opened.bytes, { ...opened.options, autoOrient: true }).timeout({ seconds: DECODE_TIMEOUT_S });
  // sharp takes 16-bit pixels with a profile to P3, and only on request from there to sRGB.
  if (metadata.space === "rgb16" && metadata.hasProfile) image.withIccProfile("srgb");
  try {
    const inMemory = info.widthPx * info.heightPx * info.channels <= room.maxFrameBytes;
    const raster = await (inMemory ? toWhole(image, metadata) : toFile(image, metadata, await room.newPath("v")));
    if (raster.widthPx !== info.widthPx || raster.heightPx !== info.heightPx) {
      const got = `${raster.widthPx}x${raster.heightPx}`;
      throw new Error(`decoded as ${got}, announced as ${info.widthPx}x${info.heightPx}`);
    }
    return { raster, info, notices: noticesOf(info, metadata) };
  } catch (error) {
    throw toPictureError(error, opened);
  }
}

async function toWhole(image: Sharp, metadata: Metadata): Promise<Frame> {
  const isGreyAlpha = isGrey(metadata) && metadata.hasAlpha;
  // sharp writes raw grey without its alpha, so grey with alpha travels as sRGB.
  if (isGrey(metadata) && !isGreyAlpha) image.toColourspace("b-w");
  const { data, info } = await image.raw({ depth: "uchar" }).toBuffer({ resolveWithObject: true });
  const frame = createFrame(info.width, info.height, toChannels(info.channels), toPlainBytes(data));
  return isGreyAlpha ? toGreyAlpha(frame) : frame;
}

async function toFile(image: Sharp, metadata: Metadata, path: string): Promise<FrameFile> {
  if (isGrey(metadata)) image.toColourspace("b-w");
  const { channels } = await scratchWrite(() => image.toFile(path));
  toChannels(channels);
  return adoptFrameFile(path);
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
