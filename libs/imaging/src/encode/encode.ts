import { writeFile } from "node:fs/promises";
import { AppError } from "@pixelmesh/errors";
import { type Encoding, ImageFormat, type Notice } from "@pixelmesh/proto";
import type { Sharp } from "sharp";
import { fromRaster, toPlainBytes } from "../engine/raw-pixels.ts";
import { toFormatExtension, toFormatName } from "../formats/format-names.ts";
import { type Content, contentOf } from "../frames/content.ts";
import { type Frame, frameHasAlpha } from "../frames/frame.ts";
import type { FrameStore } from "../frames/frame-store.ts";
import { type GrowingContent, growContent } from "../frames/growing-content.ts";
import { isFrameFile, type Raster, type Shape } from "../frames/raster.ts";
import { type OpenRows, openRows } from "../frames/raster-rows.ts";
import { scratchWrite } from "../frames/scratch-write.ts";
import { assertOutputSize, defaultLimits, type PictureLimits } from "../limits.ts";
import { chooseFormat, isOpaque, WEBP_MAX_SIDE_PX } from "./choose-format.ts";
import { fileWithoutDensity, withoutDensity } from "./density.ts";
import { parseEncoding, type ResolvedEncoding } from "./parse-encoding.ts";
import { runsPngParts, suitsRunsPng } from "./png/encode-runs-png.ts";

/** An encoded result, the format that `auto` became, and notices of harmless changes (`stepId` is empty). */
export type EncodedPicture = { readonly bytes: Uint8Array; readonly format: ImageFormat; readonly notices: Notice[] };

/** An encoded result in memory or in a file. */
export type EncodedRaster = Omit<EncodedPicture, "bytes"> & { readonly content: Content };

/** An encoded result whose bytes may still be in the making. */
export type StartedEncoding = Omit<EncodedPicture, "bytes"> & { readonly content: Content | GrowingContent };

/**
 * Encodes a frame without metadata and without a density. Quality defaults: JPEG 85, WebP 85, AVIF 60. JPEG keeps full colour
 * resolution from quality 90 on. JPEG has no alpha: the frame is laid on `background`, with the notice `alpha_flattened` if a
 * pixel was transparent. Throws INVALID_ARGUMENT for a wrong encoding, OUTPUT_TOO_LARGE above the limits or the format's own.
 */
export async function encodeFrame(
  frame: Frame,
  encoding: Encoding,
  limits: PictureLimits = defaultLimits,
): Promise<EncodedPicture> {
  const { image, format, notices } = await prepare(frame, encoding, limits);
  const parts = await openRunsPng(frame, format);
  const bytes = parts ? Buffer.concat(await Array.fromAsync(parts)) : await image.toBuffer();
  return { bytes: withoutDensity(toPlainBytes(bytes), format), format, notices };
}

/**
 * Does the same as `encodeFrame` for pictures in memory or in files. A file is encoded row by row into another file of the frame
 * store. (The encoders of WebP and AVIF hold the whole picture, about 6 bytes a pixel.)
 */
export async function encodeRaster(
  raster: Raster,
  encoding: Encoding,
  limits: PictureLimits,
  frameStore: FrameStore,
): Promise<EncodedRaster> {
  const { content, ...facts } = await startEncoding(raster, encoding, limits, frameStore);
  return { content: content.sizeBytes === undefined ? await content.whole() : content, ...facts };
}

/**
 * Does the same as `encodeRaster`, but may return while the bytes are still made, so that they can be sent meanwhile. Until the content is whole, the pixels
 * must not change.
 */
export async function startEncoding(
  raster: Raster,
  encoding: Encoding,
  limits: PictureLimits,
  frameStore: FrameStore,
): Promise<StartedEncoding> {
  const { image, format, notices } = await prepare(raster, encoding, limits);
  const parts = await openRunsPng(raster, format);
  if (!isFrameFile(raster)) {
    if (parts) return { content: growContent(parts, frameStore.own), format, notices };
    const bytes = toPlainBytes(await image.toBuffer());
    frameStore.own(bytes);
    return { content: contentOf(withoutDensity(bytes, format)), format, notices };
  }
  const path = await frameStore.newPath(toFormatExtension(format));
  await scratchWrite<unknown>(() => (parts ? writeFile(path, parts) : image.toFile(path)));
  return { content: await fileWithoutDensity(path, format), format, notices };
}

/** Opens a picture for the PNG encoder of this library, and returns its parts; undefined for what libvips encodes. */
async function openRunsPng(raster: Raster, format: ImageFormat): Promise<AsyncIterable<Uint8Array> | undefined> {
  if (format !== ImageFormat.PNG) return undefined;
  const rows = await openRows(raster);
  const isSuited = await suitsRunsPng(rows).catch(async (error) => {
    await rows.close();
    throw error;
  });
  if (isSuited) return closeAfter(rows);
  await rows.close();
  return undefined;
}

async function* closeAfter(rows: OpenRows): AsyncGenerator<Uint8Array> {
  try {
    yield* runsPngParts(rows);
  } finally {
    await rows.close();
  }
}

type Prepared = { readonly image: Sharp; readonly format: ImageFormat; readonly notices: Notice[] };

async function prepare(raster: Raster, encoding: Encoding, limits: PictureLimits): Promise<Prepared> {
  const resolved = parseEncoding(encoding);
  assertOutputSize(raster.widthPx, raster.heightPx, limits);
  const rows = await openRows(raster);
  try {
    const format = resolved.format === ImageFormat.AUTO ? await chooseFormat(rows, resolved.lossless) : resolved.format;
    assertFormatHolds(raster, format);
    const notices: Notice[] = [];
    let image = fromRaster(raster);
    if (format === ImageFormat.JPEG && frameHasAlpha(raster)) {
      image = flatten(image, raster, resolved);
      if (!(await isOpaque(rows))) {
        const text = "JPEG has no transparency: laid on the background colour";
        notices.push({ stepId: "", kind: "alpha_flattened", text });
      }
    }
    return { image: write(image, format, resolved), format, notices };
  } finally {
    await rows.close();
  }
}

function flatten(image: Sharp, frame: Shape, { background }: ResolvedEncoding): Sharp {
  // Grey on a colour is no longer grey.
  const becomesColor = frame.channels === 2 && (background.r !== background.g || background.g !== background.b);
  const space = frame.channels === 2 && !becomesColor ? "b-w" : "srgb";
  return image.pipelineColourspace("srgb").flatten({ background }).toColourspace(space);
}

// Efforts were measured (2560x1920 photograph, 2 threads). JPEG without optimised Huffman tables: 16 ms instead of 46 for 1.5
// % more bytes. PNG, where `suitsRunsPng` leaves it to libvips: level 3 with filters 248 ms and 4.1 MB; level 6 without 359 ms
// and 8.2 MB; level 6 with 622 ms and 3.9 MB. WebP effort 2: 238 ms; effort 4: 605 ms for 3 % less. AVIF effort 1: 1.1 s;
// effort 3: 1.9 s for 6 % less.
function write(image: Sharp, format: ImageFormat, { quality, lossless }: ResolvedEncoding): Sharp {
  switch (format) {
    case ImageFormat.JPEG: {
      const q = quality ?? 85;
      return image.jpeg({ quality: q, chromaSubsampling: q >= 90 ? "4:4:4" : "4:2:0", optimiseCoding: false });
    }
    case ImageFormat.WEBP:
      return image.webp({ quality: quality ?? 85, lossless, effort: lossless ? 0 : 2 });
    case ImageFormat.AVIF:
      return image.avif({ quality: quality ?? 60, effort: 1 });
    default:
      return image.png({ compressionLevel: 3, adaptiveFiltering: true });
  }
}

const maxSidePx: ReadonlyMap<ImageFormat, number> = new Map([
  [ImageFormat.JPEG, 65_500],
  [ImageFormat.WEBP, WEBP_MAX_SIDE_PX],
  [ImageFormat.AVIF, 16_384],
]);

function assertFormatHolds(frame: Shape, format: ImageFormat): void {
  const limitPx = maxSidePx.get(format) ?? Number.POSITIVE_INFINITY;
  if (frame.widthPx <= limitPx && frame.heightPx <= limitPx) return;
  const text = `${toFormatName(format)} holds sides up to ${limitPx} px, got ${frame.widthPx}x${frame.heightPx}; use PNG`;
  throw new AppError("OUTPUT_TOO_LARGE", text, { metadata: { limit: `${limitPx}` } });
}
