import { expected } from "@pixelmesh/errors";
import { createRasterSink, type FrameStore, openRows, type Raster } from "@pixelmesh/imaging";
import type { Pace } from "@pixelmesh/lifecycle";
import type { Region } from "@pixelmesh/proto";
import type { Size } from "../planes/plane.ts";
import { rowsPerTurn } from "../turns.ts";
import { withOpen } from "../with-open.ts";
import { eachStrip } from "./existing-alpha.ts";

/** Returns the part of a region that lies inside the picture. Throws INVALID_ARGUMENT if there is none. */
export function clipRegion({ leftPx, topPx, widthPx, heightPx }: Region, picture: Size): Region {
  const right = Math.min(picture.widthPx, leftPx + widthPx);
  const bottom = Math.min(picture.heightPx, topPx + heightPx);
  if (right > leftPx && bottom > topPx) return { leftPx, topPx, widthPx: right - leftPx, heightPx: bottom - topPx };
  const form = `a box that overlaps the picture of ${picture.widthPx}×${picture.heightPx}`;
  throw expected("region", form, `${widthPx}×${heightPx} at ${leftPx},${topPx}`);
}

/** Returns the part of a picture inside a region, in the frame store. */
export async function cropTo(picture: Raster, region: Region, frameStore: FrameStore, pace: Pace): Promise<Raster> {
  const { leftPx, topPx, widthPx, heightPx } = region;
  const { channels } = picture;
  return withOpen(async (open) => {
    const source = await openRows(picture);
    open.defer(source.close);
    const sink = await createRasterSink({ widthPx, heightPx, channels }, frameStore);
    open.defer(sink.abandon);
    const strip = rowsPerTurn(picture.widthPx);
    for (let top = 0; top < heightPx; top += strip) {
      const count = Math.min(strip, heightPx - top);
      const rows = await source.readRows(topPx + top, count);
      const out = new Uint8Array(count * widthPx * channels);
      for (let y = 0; y < count; y++) {
        const from = (y * picture.widthPx + leftPx) * channels;
        out.set(rows.subarray(from, from + widthPx * channels), y * widthPx * channels);
      }
      await sink.writeRows(top, out);
      await pace(widthPx * count);
    }
    return sink.end();
  });
}

/** Puts a cut-out of a region (RGBA) back into its place in a transparent picture of this size, in the frame store. */
export async function placeIn(
  size: Size,
  cutOut: Raster,
  region: Region,
  frameStore: FrameStore,
  pace: Pace,
): Promise<Raster> {
  const { widthPx, heightPx } = size;
  return withOpen(async (open) => {
    const sink = await createRasterSink({ widthPx, heightPx, channels: 4 }, frameStore);
    open.defer(sink.abandon);
    const writeEmpty = async (top: number, end: number) => {
      const strip = rowsPerTurn(widthPx);
      for (let y = top; y < end; y += strip) {
        const count = Math.min(strip, end - y);
        await sink.writeRows(y, new Uint8Array(count * widthPx * 4));
        await pace(widthPx * count);
      }
    };
    await writeEmpty(0, region.topPx);
    await eachStrip(cutOut, pace, async (rows, top) => {
      const count = rows.length / (region.widthPx * 4);
      const out = new Uint8Array(count * widthPx * 4);
      for (let y = 0; y < count; y++) {
        const from = y * region.widthPx * 4;
        out.set(rows.subarray(from, from + region.widthPx * 4), (y * widthPx + region.leftPx) * 4);
      }
      await sink.writeRows(region.topPx + top, out);
    });
    await writeEmpty(region.topPx + region.heightPx, heightPx);
    return sink.end();
  });
}
