import { ImageFormat } from "@pixelmesh/proto";
import { type JpegShrink, type ShrinkableJpeg, toShrinkableJpeg } from "../structure/shrinkable-jpeg.ts";
import type { Renderable } from "./render.ts";

/** Width and height in pixels. */
export type Sides = { readonly widthPx: number; readonly heightPx: number };

/** How a JPEG is shrunk while it is decoded. The sides are those of the decoded picture. */
export type LoadShrink = Sides & ShrinkableJpeg & { readonly shrink: JpegShrink };

// What is left for Lanczos after libjpeg's part. At 15/8 large photographs are within 45 dB of a full decode and small sharp ones within 42
// dB; at 3/2 large ones are within 42 dB;
// a 4K picture to 512 px leaves exactly 15/8 (docs/adr/0082).
const LEAST_REST = 15 / 8;
// libvips leaves out a last column or row that would stand for fewer source pixels than the others. The picture is then displaced by up
// to this share of a result's pixel at its right and lower edge. At 1/16 photographs are within 42 dB.
const MAX_SHIFT_PX = 1 / 32;

/**
 * Chooses the largest factor for which the result is as sharp and lies as exactly as after a full decode, and missing data is still
 * noticed. `target` is not turned. Undefined: a full decode.
 */
export function chooseLoadShrink({ opened, metadata, plan }: Renderable, target: Sides): LoadShrink | undefined {
  // CMYK is converted after the decode, by a curve that enlarges differences: within 44 dB only.
  if (opened.format !== ImageFormat.JPEG || metadata.space === "cmyk") return undefined;
  for (const shrink of [8, 4, 2] as const) {
    const widthPx = fitDecoded(metadata.width, target.widthPx, shrink);
    const heightPx = fitDecoded(metadata.height, target.heightPx, shrink);
    if (widthPx === undefined || heightPx === undefined) continue;
    const jpeg = toShrinkableJpeg(plan.bytes, shrink);
    if (jpeg) return { ...jpeg, shrink, widthPx, heightPx };
  }
  return undefined;
}

/** Returns how many decoded columns or rows stand for a side. Undefined if too little is left to shrink, or the shift is too large. */
function fitDecoded(sidePx: number, targetPx: number, shrink: JpegShrink): number | undefined {
  const decoded = Math.floor(sidePx / shrink);
  const shiftPx = ((sidePx - decoded * shrink) * targetPx) / sidePx;
  return decoded >= targetPx * LEAST_REST && shiftPx <= MAX_SHIFT_PX ? decoded : undefined;
}
