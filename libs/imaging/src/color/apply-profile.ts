import { ImageFormat } from "@pixelmesh/proto";
import { sharp } from "../engine/engine.ts";
import { toGreyAlpha, toPlainBytes } from "../engine/raw-pixels.ts";
import { createFrame } from "../frames/frame.ts";
import type { Shape } from "../frames/raster.ts";
import { writePng } from "../structure/write-png.ts";
import { embedProfile } from "./embed-profile.ts";

/** Converts rows of 8-bit pixels from a profile to sRGB. Alpha is unchanged. */
export async function applyProfile(
  rows: Uint8Array,
  { widthPx, channels }: Pick<Shape, "widthPx" | "channels">,
  profile: Uint8Array,
): Promise<Uint8Array> {
  const png = writePng(rows, widthPx, channels);
  const file = embedProfile(png, ImageFormat.PNG, profile) ?? png;
  const { data, info } = await sharp(file, { limitInputPixels: false })
    .raw({ depth: "uchar" })
    .toBuffer({ resolveWithObject: true });
  const converted = toPlainBytes(data);
  if (channels !== 2) return converted;
  // sharp returns grey with alpha as RGBA.
  return toGreyAlpha(createFrame(info.width, info.height, 4, converted)).data;
}
