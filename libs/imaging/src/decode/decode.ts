import { AppError } from "@pixelmesh/errors";
import type { ImageInfo, Notice } from "@pixelmesh/proto";
import type { ColorPlan } from "../color/color-plan.ts";
import { planColors } from "../color/plan-colors.ts";
import { toFormatName } from "../formats/format-names.ts";
import type { Frame } from "../frames/frame.ts";
import { type FrameStore, memoryFrameStore } from "../frames/frame-store.ts";
import type { Raster } from "../frames/raster.ts";
import { toWholeFrame } from "../frames/raster-rows.ts";
import type { PictureLimits } from "../limits.ts";
import { finishPixels } from "./finish-pixels.ts";
import { readMetadata, toImageInfo } from "./inspect.ts";
import { type OpenedPicture, openPicture } from "./open-picture.ts";
import { renderPixels } from "./render.ts";

/** A decoded picture, the facts of its file, and notices of harmless changes (`stepId` is empty). */
export type DecodedRaster = { readonly raster: Raster; readonly info: ImageInfo; readonly notices: Notice[] };

/** A decoded picture in memory. */
export type DecodedPicture = Omit<DecodedRaster, "raster"> & { readonly frame: Frame };

/**
 * Decodes the first frame to 8-bit sRGB, upright, with straight alpha if the file has alpha; grey has 1 or 2 channels. Notices:
 * `first_frame`, `bit_depth`, `color_profile`, `tone_mapped`, `missing_end`, `damaged`. Throws what `inspectPicture` throws,
 * IMAGE_TRUNCATED or IMAGE_CORRUPT if pixels are missing, and DEADLINE_EXCEEDED after 30 s.
 */
export async function decodePicture(bytes: Uint8Array, limits: PictureLimits): Promise<DecodedPicture> {
  const { raster, ...facts } = await decodeRaster(bytes, limits, memoryFrameStore);
  return { frame: await toWholeFrame(raster), ...facts };
}

/**
 * Does the same as `decodePicture`. Pictures above the frame store's memory limit are written to a file row by row. (Progressive
 * JPEG, interlaced PNG, WebP, AVIF and pictures to be turned upright are whole in memory while libvips decodes them: at 50
 * megapixels at most 200 MB. TIFF of 32-bit samples and 16-bit grey with a profile are whole in memory, too.)
 */
export async function decodeRaster(
  bytes: Uint8Array,
  limits: PictureLimits,
  frameStore: FrameStore,
): Promise<DecodedRaster> {
  const opened = openPicture(bytes, limits);
  const metadata = await readMetadata(opened, limits);
  const info = toImageInfo(bytes.length, opened, metadata);
  const plan = await planColors(opened, metadata);
  const rendered = await renderPixels({ opened, metadata, plan }, frameStore);
  const raster = await finishPixels(rendered.raster, { opened, plan, info }, frameStore);
  if (raster.widthPx !== info.widthPx || raster.heightPx !== info.heightPx) {
    const got = `${raster.widthPx}x${raster.heightPx}`;
    const text = `The ${toFormatName(opened.format)} file was decoded as ${got}, announced as ${info.widthPx}x${info.heightPx}`;
    throw new AppError("IMAGE_CORRUPT", text);
  }
  return { raster, info, notices: noticesOf(opened, info, plan, rendered.notices) };
}

function noticesOf(opened: OpenedPicture, info: ImageInfo, plan: ColorPlan, rendered: readonly Notice[]): Notice[] {
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
