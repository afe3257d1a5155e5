import { createFrame, type Frame } from "@pixelmesh/imaging";
import type { Pace } from "@pixelmesh/lifecycle";
import type { Resize } from "./matte.ts";
import type { Size } from "./plane.ts";

/** The largest centred part of a picture that has the shape of `size`, at that size. */
export async function coverPicture(picture: Frame, size: Size, resize: Resize, pace: Pace): Promise<Frame> {
  const scale = Math.max(size.widthPx / picture.widthPx, size.heightPx / picture.heightPx);
  const widthPx = Math.min(picture.widthPx, Math.max(1, Math.round(size.widthPx / scale)));
  const heightPx = Math.min(picture.heightPx, Math.max(1, Math.round(size.heightPx / scale)));
  return resize(await cropCenter(picture, { widthPx, heightPx }, pace), size.widthPx, size.heightPx);
}

async function cropCenter(picture: Frame, { widthPx, heightPx }: Size, pace: Pace): Promise<Frame> {
  if (picture.widthPx === widthPx && picture.heightPx === heightPx) return picture;
  const { channels } = picture;
  const left = Math.floor((picture.widthPx - widthPx) / 2);
  const top = Math.floor((picture.heightPx - heightPx) / 2);
  const out = createFrame(widthPx, heightPx, channels);
  for (let y = 0; y < heightPx; y++) {
    const start = ((top + y) * picture.widthPx + left) * channels;
    out.data.set(picture.data.subarray(start, start + widthPx * channels), y * widthPx * channels);
    await pace(widthPx);
  }
  return out;
}
