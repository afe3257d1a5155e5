import { createHash } from "node:crypto";
import { AppError } from "@pixelmesh/errors";
import { ImageFormat, type Notice } from "@pixelmesh/proto";
import type { Metadata, Sharp } from "sharp";
import type { ColorPlan } from "./color/color-plan.ts";
import { sharp } from "./engine.ts";
import { decodeVerified } from "./failures.ts";
import { toFormatName } from "./formats.ts";
import { type Channels, createFrame } from "./frame.ts";
import { assertPixelsThere, lacksPixelsError } from "./missing-pixels.ts";
import type { OpenedPicture } from "./open.ts";
import { adoptFrameFile, cropRaster } from "./rasters/frame-file.ts";
import type { FrameFile, Raster } from "./rasters/raster.ts";
import type { Room } from "./rasters/room.ts";
import { scratchWrite } from "./rasters/scratch-write.ts";
import { toGreyAlpha, toPlainBytes } from "./raw.ts";
import { renderDeepGrey } from "./render-deep-grey.ts";
import { isWide, renderWide } from "./render-wide.ts";
import { withTrailingData } from "./structure/jpeg.ts";
import { toTallerJpeg } from "./structure/jpeg-tail.ts";

/** A picture that is ready to be decoded. */
export type Renderable = {
  readonly opened: OpenedPicture;
  readonly metadata: Metadata;
  readonly plan: ColorPlan;
};

/** The decoded pixels and what is to be said of them. */
export type Rendered = { readonly raster: Raster; readonly notices: readonly Notice[] };

// Far above what the largest allowed picture takes; a file that needs longer was made to.
const DECODE_TIMEOUT_S = 30;
// More than a block of a JPEG takes on average.
const BLOCK_PADDING_BYTES = 32;
const MAX_PADDING_BYTES = 64 * 1024 * 1024;

/** Decodes to 8-bit sRGB, upright. A decoder's complaint is believed once it has come twice. */
export async function renderPixels(picture: Renderable, room: Room): Promise<Rendered> {
  const { opened } = picture;
  await assertPixelsThere(opened);
  return decodeVerified(opened, async () => {
    if (opened.format !== ImageFormat.JPEG) return { raster: await render(picture, room, "error"), notices: [] };
    // libjpeg warns of missing data and goes on with grey: only the stricter level shows it. Other warnings are no reason to refuse.
    // Which one it was is found by trying, because libvips keeps the words of all threads in one place.
    try {
      return { raster: await render(picture, room, "warning"), notices: [] };
    } catch (error) {
      if (!isWarning(error)) throw error;
      const raster = await render(picture, room, "error");
      await assertNoDataMissing(picture);
      return { raster, notices: [damageNotice(opened)] };
    }
  });
}

function isWarning(error: unknown): error is Error {
  return error instanceof Error && !(error instanceof AppError) && !error.message.startsWith("timeout");
}

/** Throws IMAGE_TRUNCATED for a JPEG that comes out differently with other bytes behind its data: a decoder that has all leaves them. */
async function assertNoDataMissing({ opened, metadata }: Renderable): Promise<void> {
  const blocks = Math.ceil(metadata.width / 8) * Math.ceil(metadata.height / 8) * metadata.channels;
  const padded = withTrailingData(opened.bytes, Math.min(MAX_PADDING_BYTES, blocks * BLOCK_PADDING_BYTES));
  if (padded && (await digestOf(opened, opened.bytes)) !== (await digestOf(opened, padded)))
    throw lacksPixelsError(opened);
}

async function digestOf({ options }: OpenedPicture, bytes: Uint8Array): Promise<string> {
  const image = sharp(bytes, { ...options, ignoreIcc: true }).timeout({ seconds: DECODE_TIMEOUT_S });
  return createHash("sha256")
    .update(await image.raw().toBuffer())
    .digest("hex");
}

function damageNotice({ format }: OpenedPicture): Notice {
  const text = `The decoder warned of the ${toFormatName(format)} file: parts of the picture may be wrong`;
  return { stepId: "", kind: "damaged", text };
}

async function render(picture: Renderable, room: Room, failOn: "warning" | "error"): Promise<Raster> {
  const { opened, metadata, plan } = picture;
  const taller = failOn === "warning" ? await checkTail(picture) : undefined;
  const image = sharp(taller ?? plan.bytes, {
    ...opened.options,
    failOn,
    autoOrient: true,
    ignoreIcc: !plan.hasProfile,
  }).timeout({ seconds: DECODE_TIMEOUT_S });
  if (isWide(metadata)) return renderWide(image, plan.bytes, metadata);
  if (plan.deepGrey) return renderDeepGrey(image, plan.deepGrey);
  if (metadata.space === "rgb16" && plan.hasProfile) {
    // LittleCMS converts 8 bits exactly, 16 by a table. sharp takes 16 bits to P3, and only on request from there to sRGB.
    if (plan.isShallow) image.pipelineColourspace("srgb");
    else image.withIccProfile("srgb");
  }
  const { width, height, channels } = metadata;
  const inMemory = width * height * channels <= room.maxFrameBytes;
  const raster = inMemory ? await toWhole(image, metadata) : await toFile(image, metadata, await room.newPath("v"));
  return taller ? cropRaster(raster, height) : raster;
}

/**
 * The file to decode so that data missing from its last rows is noticed; undefined for the file itself, which is then checked by a
 * decode of its own where that costs little, or where its end is missing.
 */
async function checkTail({ opened, metadata, plan }: Renderable): Promise<Uint8Array | undefined> {
  const taller = toTallerJpeg(plan.bytes);
  if (!taller) return undefined;
  // Rows that are turned end elsewhere than below.
  const isTurned = (metadata.orientation ?? 1) > 2;
  if (taller.isExact && !isTurned) return taller.bytes;
  if (!taller.isExact || opened.structure.truncated) {
    await sharp(taller.bytes, { ...opened.options, failOn: "warning" })
      .raw()
      .toBuffer();
  }
  return undefined;
}

async function toWhole(image: Sharp, metadata: Metadata): Promise<Raster> {
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
