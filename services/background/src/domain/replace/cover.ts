import { createRasterSink, type FrameStore, openRows, type Raster } from "@pixelmesh/imaging";
import type { Pace } from "@pixelmesh/lifecycle";
import type { Size } from "../planes/plane.ts";
import { rowsPerTurn } from "../turns.ts";
import { withOpen } from "../with-open.ts";
import type { PictureTools } from "./blurred-background.ts";

/** Returns the largest centred part of a picture that has the shape of `size`, resized to it. */
export async function coverPicture(
  picture: Raster,
  size: Size,
  { resize, frameStore, pace }: Pick<PictureTools, "resize"> & { readonly frameStore: FrameStore; readonly pace: Pace },
): Promise<Raster> {
  const scale = Math.max(size.widthPx / picture.widthPx, size.heightPx / picture.heightPx);
  const widthPx = Math.min(picture.widthPx, Math.max(1, Math.round(size.widthPx / scale)));
  const heightPx = Math.min(picture.heightPx, Math.max(1, Math.round(size.heightPx / scale)));
  const cropped = await cropCenter(picture, { widthPx, heightPx }, frameStore, pace);
  return resize(cropped, size.widthPx, size.heightPx);
}

async function cropCenter(
  picture: Raster,
  { widthPx, heightPx }: Size,
  frameStore: FrameStore,
  pace: Pace,
): Promise<Raster> {
  if (picture.widthPx === widthPx && picture.heightPx === heightPx) return picture;
  const { channels } = picture;
  const left = Math.floor((picture.widthPx - widthPx) / 2);
  const top = Math.floor((picture.heightPx - heightPx) / 2);
  return withOpen(async (open) => {
    const rows = await openRows(picture);
    open.defer(rows.close);
    const sink = await createRasterSink({ widthPx, heightPx, channels }, frameStore);
    open.defer(sink.abandon);
    const stripRows = rowsPerTurn(picture.widthPx);
    for (let y = 0; y < heightPx; y += stripRows) {
      const count = Math.min(stripRows, heightPx - y);
      const strip = await rows.readRows(top + y, count);
      const out = new Uint8Array(widthPx * count * channels);
      for (let row = 0; row < count; row++) {
        const start = (row * picture.widthPx + left) * channels;
        out.set(strip.subarray(start, start + widthPx * channels), row * widthPx * channels);
        await pace(widthPx);
      }
      await sink.writeRows(y, out);
    }
    return sink.end();
  });
}
