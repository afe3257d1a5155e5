import type { ImageInfo } from "@pixelmesh/proto";
import { applyProfile } from "./color/apply-profile.ts";
import type { ColorPlan } from "./color/color-plan.ts";
import { type Channels, frameHasAlpha } from "./frame.ts";
import type { OpenedPicture } from "./open.ts";
import { readBlocks } from "./rasters/blocks.ts";
import { discardRaster } from "./rasters/frame-file.ts";
import type { Raster } from "./rasters/raster.ts";
import { createRasterSink, openRows } from "./rasters/raster-rows.ts";
import type { Room } from "./rasters/room.ts";
import type { FrameArea } from "./structure/structure.ts";

/** Does to decoded pixels what libvips leaves out: transparency around a GIF's first frame, and alpha divided out of colours. */
export async function finishPixels(
  raster: Raster,
  { opened, plan, info }: { readonly opened: OpenedPicture; readonly plan: ColorPlan; readonly info: ImageInfo },
  room: Room,
): Promise<Raster> {
  const { firstFrame } = opened.structure;
  if (firstFrame && info.channels === raster.channels + 1) {
    const channels = info.channels as Channels;
    return mapRows(raster, channels, room, (rows, y) => addAlpha(rows, raster, y, firstFrame));
  }
  if (!opened.isPremultiplied || !frameHasAlpha(raster)) return raster;
  const { afterwards } = plan;
  return mapRows(raster, raster.channels, room, (rows) => {
    const straight = divideByAlpha(rows, raster.channels);
    return afterwards ? applyProfile(straight, raster, afterwards) : straight;
  });
}

/** A raster made of another's rows, a few megabytes at a time; the other one is gone. */
async function mapRows(
  raster: Raster,
  channels: Channels,
  room: Room,
  map: (rows: Uint8Array, y: number) => Uint8Array | Promise<Uint8Array>,
): Promise<Raster> {
  const { widthPx, heightPx } = raster;
  const source = await openRows(raster);
  const sink = await createRasterSink({ widthPx, heightPx, channels }, room);
  try {
    for await (const { y, rows } of readBlocks(source)) {
      await sink.writeRows(y, await map(rows, y));
      // The event loop has its turn between blocks.
      await new Promise((resolve) => setImmediate(resolve));
    }
    return await sink.end();
  } catch (error) {
    await sink.abandon();
    throw error;
  } finally {
    await source.close();
    await discardRaster(raster);
  }
}

/** The rows with an alpha that is opaque inside the area; outside everything is 0. */
function addAlpha(rows: Uint8Array, { widthPx, channels }: Raster, y: number, area: FrameArea): Uint8Array {
  const count = rows.length / (widthPx * channels);
  const result = new Uint8Array(widthPx * count * (channels + 1));
  const top = Math.max(area.topPx, y);
  const bottom = Math.min(area.topPx + area.heightPx, y + count);
  const right = Math.min(area.leftPx + area.widthPx, widthPx);
  for (let row = top; row < bottom; row++) {
    let from = ((row - y) * widthPx + area.leftPx) * channels;
    let to = ((row - y) * widthPx + area.leftPx) * (channels + 1);
    for (let x = area.leftPx; x < right; x++) {
      for (let channel = 0; channel < channels; channel++) result[to++] = rows[from++] ?? 0;
      result[to++] = 255;
    }
  }
  return result;
}

function divideByAlpha(rows: Uint8Array, channels: Channels): Uint8Array {
  const result = new Uint8Array(rows.length);
  for (let at = 0; at < rows.length; at += channels) {
    const alpha = rows[at + channels - 1] ?? 0;
    result[at + channels - 1] = alpha;
    if (alpha === 0) continue;
    for (let channel = 0; channel < channels - 1; channel++) {
      result[at + channel] = Math.min(255, Math.round(((rows[at + channel] ?? 0) * 255) / alpha));
    }
  }
  return result;
}
