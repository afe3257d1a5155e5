import {
  encodeRaster,
  type FrameStore,
  type PictureLimits,
  type Raster,
  resizeRaster,
  toFormatMediaType,
} from "@pixelmesh/imaging";
import { Encoding, ImageFormat } from "@pixelmesh/proto";
import type { PictureForm } from "../domain/manifest.ts";
import type { SentPicture } from "../domain/provider.ts";

const formats = { png: ImageFormat.PNG, jpeg: ImageFormat.JPEG, webp: ImageFormat.WEBP } as const;

/** Encodes a picture for a provider: without metadata, in the form of the model's manifest entry, shrunk to its longest side. */
export async function toSentPicture(
  raster: Raster,
  form: PictureForm,
  limits: PictureLimits,
  frameStore: FrameStore,
): Promise<SentPicture> {
  const { widthPx, heightPx } = sentSize(raster, form);
  const sized = await resizeRaster(raster, widthPx, heightPx, "lanczos3", frameStore);
  const encoding = Encoding.create({ format: formats[form.format] });
  const { content, format } = await encodeRaster(sized, encoding, limits, frameStore);
  const parts = await Array.fromAsync(content.parts());
  return { bytes: Buffer.concat(parts, content.sizeBytes), mediaType: toFormatMediaType(format) };
}

/** Returns the size at which a picture is sent. */
export function sentSize(
  { widthPx, heightPx }: { readonly widthPx: number; readonly heightPx: number },
  { maxSidePx }: Pick<PictureForm, "maxSidePx">,
): { readonly widthPx: number; readonly heightPx: number } {
  if (maxSidePx <= 0 || Math.max(widthPx, heightPx) <= maxSidePx) return { widthPx, heightPx };
  const factor = maxSidePx / Math.max(widthPx, heightPx);
  const shrunk = (px: number) => Math.max(1, Math.round(px * factor));
  return { widthPx: shrunk(widthPx), heightPx: shrunk(heightPx) };
}
