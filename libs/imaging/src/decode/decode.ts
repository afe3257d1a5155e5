import { AppError } from "@pixelmesh/errors";
import type { ImageInfo, Notice } from "@pixelmesh/proto";
import { planColors } from "../color/plan-colors.ts";
import { toFormatName } from "../formats/format-names.ts";
import type { Frame } from "../frames/frame.ts";
import { discardRaster } from "../frames/frame-file.ts";
import { type FrameStore, memoryFrameStore } from "../frames/frame-store.ts";
import { freeRaster } from "../frames/free-memory.ts";
import type { Raster } from "../frames/raster.ts";
import { toWholeFrame } from "../frames/raster-rows.ts";
import type { PictureLimits } from "../limits.ts";
import { resizeRaster } from "../transform/resize.ts";
import { isBrokenFile, toPictureError } from "./decode-failures.ts";
import { finishPixels } from "./finish-pixels.ts";
import { readHeader, toImageInfo } from "./inspect.ts";
import { assertPixelsThere } from "./missing-pixels.ts";
import { type Renderable, renderPixels } from "./render.ts";
import { renderResized, rendersResized } from "./render-resized.ts";
import type { Sides } from "./shrink-on-load.ts";

/** A decoded picture, the facts of its file, and notices of harmless changes (`stepId` is empty). */
export type DecodedRaster = { readonly raster: Raster; readonly info: ImageInfo; readonly notices: Notice[] };

/** A decoded picture in memory. */
type DecodedPicture = Omit<DecodedRaster, "raster"> & { readonly frame: Frame };

/**
 * Decodes the first frame to 8-bit sRGB, upright, with straight alpha if the file has alpha; grey has 1 or 2 channels. Notices:
 * `first_frame`, `bit_depth`, `color_profile`, `tone_mapped`, `missing_end`, `damaged`. Throws what `inspectPicture` throws,
 * IMAGE_TRUNCATED or IMAGE_CORRUPT if pixels are missing, and DEADLINE_EXCEEDED after 30 s.
 */
export async function decodePicture(bytes: Uint8Array, limits: PictureLimits): Promise<DecodedPicture> {
  const { raster, ...facts } = await (await openEncoded(bytes, limits)).decode(memoryFrameStore);
  return { frame: await toWholeFrame(raster), ...facts };
}

/** An encoded picture whose header is known. */
type EncodedInput = {
  readonly info: ImageInfo;
  /**
   * Decodes as `decodePicture` does. Pictures above the frame store's memory limit are written to a file row by row. (Progressive JPEG,
   * interlaced PNG, WebP, AVIF and pictures to be turned upright are whole in memory while libvips decodes them: at 50 megapixels at most
   * 200 MB. TIFF of 32-bit samples and 16-bit grey with a profile are whole in memory, too.)
   *
   * With `target` the result has exactly these sides, shrunk with Lanczos, colours weighted by alpha. Where libvips can do both at once
   * (`rendersResized`), there is no frame of the full size, and libjpeg may shrink a JPEG first. Compared with `resizeRaster` on the whole
   * picture (PSNR):
   * - a JPEG that libjpeg shrank: 45 dB or more for large photographs, 42 dB for small sharp ones;
   * - another JPEG, or a picture that is turned upright: 50 dB or more;
   * - everything else: equal.
   * A target that is not smaller in both sides is resized from the whole picture.
   */
  decode(frameStore: FrameStore, target?: Sides): Promise<DecodedRaster>;
};

/** Reads the header of a picture, for a decode later. Throws what `inspectPicture` throws. The bytes must not change. */
export async function openEncoded(bytes: Uint8Array, limits: PictureLimits): Promise<EncodedInput> {
  const { opened, metadata } = await readHeader(bytes, limits);
  const info = toImageInfo(bytes.length, opened, metadata);
  return {
    info,
    async decode(frameStore, target) {
      const read = { picture: { opened, metadata, plan: await planColors(opened, metadata) }, info };
      return target ? decodeResized(read, target, frameStore) : decodeWhole(read, frameStore);
    },
  };
}

type ReadPicture = { readonly picture: Renderable; readonly info: ImageInfo };

async function decodeResized(read: ReadPicture, target: Sides, frameStore: FrameStore): Promise<DecodedRaster> {
  const { picture, info } = read;
  const isSmaller = target.widthPx < info.widthPx && target.heightPx < info.heightPx;
  if (isSmaller && rendersResized(picture)) {
    const raster = await tryResized(picture, target, frameStore);
    if (raster) return { raster, info, notices: noticesOf(read, []) };
  }
  const decoded = await decodeWhole(read, frameStore);
  const raster = await resizeRaster(decoded.raster, target.widthPx, target.heightPx, "lanczos3", frameStore);
  if (raster !== decoded.raster) {
    freeRaster(decoded.raster);
    await discardRaster(decoded.raster);
  }
  return { ...decoded, raster };
}

/** Undefined if the decoder reports anything of the file. A decode of the whole picture then finds out what is wrong. */
async function tryResized(picture: Renderable, target: Sides, frameStore: FrameStore): Promise<Raster | undefined> {
  await assertPixelsThere(picture.opened);
  try {
    return await renderResized(picture, target, frameStore);
  } catch (error) {
    const failure = toPictureError(error, picture.opened);
    if (isBrokenFile(failure)) return undefined;
    throw failure;
  }
}

async function decodeWhole(read: ReadPicture, frameStore: FrameStore): Promise<DecodedRaster> {
  const { picture, info } = read;
  const { opened, plan } = picture;
  const rendered = await renderPixels(picture, frameStore);
  const raster = await finishPixels(rendered.raster, { opened, plan, info }, frameStore);
  if (raster.widthPx !== info.widthPx || raster.heightPx !== info.heightPx) {
    const got = `${raster.widthPx}x${raster.heightPx}`;
    const text = `The ${toFormatName(opened.format)} file was decoded as ${got}, announced as ${info.widthPx}x${info.heightPx}`;
    throw new AppError("IMAGE_CORRUPT", text);
  }
  return { raster, info, notices: noticesOf(read, rendered.notices) };
}

function noticesOf({ picture, info }: ReadPicture, rendered: readonly Notice[]): Notice[] {
  const { opened, plan } = picture;
  const notices: Notice[] = [];
  const add = (kind: string, text: string) => notices.push({ stepId: "", kind, text });
  if (info.frames > 1) add("first_frame", `Used the first of ${info.frames} frames`);
  if (info.bitsPerChannel > 8) add("bit_depth", `Reduced ${info.bitsPerChannel} bits a channel to 8`);
  if (plan.notice) add(plan.notice.kind, plan.notice.text);
  if (opened.structure.truncated) {
    add("missing_end", `The ${toFormatName(opened.format)} file lacks its end; all pixels of the picture are there`);
  }
  return [...notices, ...rendered];
}
