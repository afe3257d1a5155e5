import type { ImageInfo } from "@pixelmesh/proto";
import { applyProfile } from "../color/apply-profile.ts";
import type { ColorPlan } from "../color/color-plan.ts";
import { type Channels, frameHasAlpha } from "../frames/frame.ts";
import { discardRaster } from "../frames/frame-file.ts";
import type { FrameStore } from "../frames/frame-store.ts";
import type { Raster } from "../frames/raster.ts";
import { createRasterSink, openRows } from "../frames/raster-rows.ts";
import { readBlocks } from "../frames/row-blocks.ts";
import type { FrameArea } from "../structure/structure.ts";
import type { OpenedPicture } from "./open-picture.ts";

/**
 * Completes decoded pixels where libvips does not: adds transparency around a GIF's first frame, and divides alpha out of
 * premultiplied colours.
 */
export async function finishPixels(
  raster: Raster,
  { opened, plan, info }: { readonly opened: OpenedPicture; readonly plan: ColorPlan; readonly info: ImageInfo },
  frameStore: FrameStore,
): Promise<Raster> {
  const { firstFrame } = opened.structure;
  if (firstFrame && info.channels === raster.channels + 1) {
    const channels = info.channels as Channels;
    return mapRows(raster, channels, frameStore, (rows, y) => addAlpha(rows, raster, y, firstFrame));
  }
  if (!opened.isPremultiplied || !frameHasAlpha(raster)) return raster;
  const { afterwards } = plan;
  return mapRows(raster, raster.channels, frameStore, (rows) => {
    const straight = divideByAlpha(rows, raster.channels);
    return afterwards ? applyProfile(straight, raster, afterwards) : straight;
  });
}

/** Makes a raster from the rows of another one, a few megabytes at a time, and discards the other one. */
async function mapRows(
  raster: Raster,
  channels: Channels,
  frameStore: FrameStore,
  map: (rows: Uint8Array, y: number) => Uint8Array | Promise<Uint8Array>,
): Promise<Raster> {
  const { widthPx, heightPx } = raster;
  const source = await openRows(raster);
  const sink = await createRasterSink({ widthPx, heightPx, channels }, frameStore);
  try {
    for await (const { y, rows } of readBlocks(source)) {
      await sink.writeRows(y, await map(rows, y));
      // Yield to the event loop between blocks.
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

/** Adds an alpha channel: opaque inside the area; outside of it all samples are 0. */
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
