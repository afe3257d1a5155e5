import { createRasterSink, openRows, type Raster, type Room } from "@pixelmesh/imaging";
import type { Pace } from "@pixelmesh/lifecycle";
import type { PictureTools } from "./blurred-background.ts";
import type { Size } from "./plane.ts";
import { withOpen } from "./with-open.ts";

const rowsPerRead = 32;

/** The largest centred part of a picture that has the shape of `size`, at that size. */
export async function coverPicture(
  picture: Raster,
  size: Size,
  { resize, room, pace }: Pick<PictureTools, "resize"> & { readonly room: Room; readonly pace: Pace },
): Promise<Raster> {
  const scale = Math.max(size.widthPx / picture.widthPx, size.heightPx / picture.heightPx);
  const widthPx = Math.min(picture.widthPx, Math.max(1, Math.round(size.widthPx / scale)));
  const heightPx = Math.min(picture.heightPx, Math.max(1, Math.round(size.heightPx / scale)));
  const cropped = await cropCenter(picture, { widthPx, heightPx }, room, pace);
  return resize(cropped, size.widthPx, size.heightPx);
}

async function cropCenter(picture: Raster, { widthPx, heightPx }: Size, room: Room, pace: Pace): Promise<Raster> {
  if (picture.widthPx === widthPx && picture.heightPx === heightPx) return picture;
  const { channels } = picture;
  const left = Math.floor((picture.widthPx - widthPx) / 2);
  const top = Math.floor((picture.heightPx - heightPx) / 2);
  return withOpen(async (open) => {
    const rows = await openRows(picture);
    open.defer(rows.close);
    const sink = await createRasterSink({ widthPx, heightPx, channels }, room);
    open.defer(sink.abandon);
    for (let y = 0; y < heightPx; y += rowsPerRead) {
      const count = Math.min(rowsPerRead, heightPx - y);
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
