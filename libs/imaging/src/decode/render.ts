import { createHash } from "node:crypto";
import { AppError } from "@pixelmesh/errors";
import { ImageFormat, type Notice } from "@pixelmesh/proto";
import type { Metadata, Sharp } from "sharp";
import type { ColorPlan } from "../color/color-plan.ts";
import { sharp } from "../engine/engine.ts";
import { toGreyAlpha, toPlainBytes } from "../engine/raw-pixels.ts";
import { toFormatName } from "../formats/format-names.ts";
import { type Channels, createFrame } from "../frames/frame.ts";
import { adoptFrameFile, cropRaster } from "../frames/frame-file.ts";
import type { FrameStore } from "../frames/frame-store.ts";
import type { FrameFile, Raster } from "../frames/raster.ts";
import { scratchWrite } from "../frames/scratch-write.ts";
import { withTrailingData } from "../structure/jpeg.ts";
import { toTallerJpeg } from "../structure/jpeg-tail.ts";
import { decodeVerified } from "./decode-failures.ts";
import { assertPixelsThere, lacksPixelsError } from "./missing-pixels.ts";
import type { OpenedPicture } from "./open-picture.ts";
import { renderDeepGrey } from "./render-deep-grey.ts";
import { isWide, renderWide } from "./render-wide.ts";

/** A picture that is ready to be decoded. */
export type Renderable = {
  readonly opened: OpenedPicture;
  readonly metadata: Metadata;
  readonly plan: ColorPlan;
};

/** The decoded pixels and their notices. */
export type Rendered = { readonly raster: Raster; readonly notices: readonly Notice[] };

/** Limit of a decode: far above the time for the largest allowed picture; only a hostile file takes longer. */
export const DECODE_TIMEOUT_S = 30;
// More than a JPEG block takes on average.
const BLOCK_PADDING_BYTES = 32;
const MAX_PADDING_BYTES = 64 * 1024 * 1024;

/** Decodes to 8-bit sRGB, upright. A decoder's error counts only if it occurs twice. */
export async function renderPixels(picture: Renderable, frameStore: FrameStore): Promise<Rendered> {
  const { opened } = picture;
  await assertPixelsThere(opened);
  return decodeVerified(opened, async () => {
    if (opened.format !== ImageFormat.JPEG) return { raster: await render(picture, frameStore, "error"), notices: [] };
    // libjpeg warns of missing data and fills it with grey; only the stricter level shows that. Other warnings are no reason
    // to refuse. A second decode tells them apart, because libvips keeps the messages of all threads in one buffer.
    try {
      return { raster: await render(picture, frameStore, "warning"), notices: [] };
    } catch (error) {
      if (!isWarning(error)) throw error;
      const raster = await render(picture, frameStore, "error");
      await assertNoDataMissing(picture);
      return { raster, notices: [damageNotice(opened)] };
    }
  });
}

function isWarning(error: unknown): error is Error {
  return error instanceof Error && !(error instanceof AppError) && !error.message.startsWith("timeout");
}

/**
 * Throws IMAGE_TRUNCATED if a JPEG decodes differently with other bytes behind its data. A decoder that has all data ignores
 * them.
 */
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

async function render(picture: Renderable, frameStore: FrameStore, failOn: "warning" | "error"): Promise<Raster> {
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
    // LittleCMS converts 8 bits exactly, 16 bits by a table. sharp converts 16 bits to P3, and to sRGB only on request.
    if (plan.isShallow) image.pipelineColourspace("srgb");
    else image.withIccProfile("srgb");
  }
  const { width, height, channels } = metadata;
  const inMemory = width * height * channels <= frameStore.maxFrameBytes;
  const raster = inMemory
    ? await toWhole(image, metadata, frameStore)
    : await toFile(image, metadata, await frameStore.newPath("v"));
  return taller ? cropRaster(raster, height) : raster;
}

/**
 * Returns the file to decode so that missing data of its last rows is noticed. Undefined means the file itself; it was then
 * checked by a separate decode if that costs little or if its end is missing.
 */
async function checkTail({ opened, metadata, plan }: Renderable): Promise<Uint8Array | undefined> {
  const taller = toTallerJpeg(plan.bytes);
  if (!taller) return undefined;
  // The last rows of a turned picture are not at its bottom.
  const isTurned = (metadata.orientation ?? 1) > 2;
  if (taller.isExact && !isTurned) return taller.bytes;
  if (!taller.isExact || opened.structure.truncated) {
    await sharp(taller.bytes, { ...opened.options, failOn: "warning" })
      .raw()
      .toBuffer();
  }
  return undefined;
}

async function toWhole(image: Sharp, metadata: Metadata, frameStore: FrameStore): Promise<Raster> {
  const isGreyAlpha = isGrey(metadata) && metadata.hasAlpha;
  // sharp writes raw grey without its alpha, so grey with alpha is read as sRGB.
  if (isGrey(metadata) && !isGreyAlpha) image.toColourspace("b-w");
  const { data, info } = await image.raw({ depth: "uchar" }).toBuffer({ resolveWithObject: true });
  const frame = createFrame(info.width, info.height, toChannels(info.channels), toPlainBytes(data));
  frameStore.own(frame.data);
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
