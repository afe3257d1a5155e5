import {
  blurRaster,
  createRasterSink,
  type FrameStore,
  openRows,
  type Raster,
  type RowSource,
} from "@pixelmesh/imaging";
import type { Pace } from "@pixelmesh/lifecycle";
import { withOpen } from "../with-open.ts";
import { eachStrip } from "./existing-alpha.ts";

/** Changes of the alpha of a finished cut-out. */
export type AlphaFinish = {
  /** Above 0 to 1: alpha from there on becomes 255, and 0 below. 0: soft edges stay. */
  readonly threshold: number;
  /** Sigma in pixels of the Gaussian that softens the edge inwards; 0: none. */
  readonly featherPx: number;
};

/**
 * Applies the threshold and then the feather to a cut-out, RGBA, in the frame store. The feather is twice the blurred alpha less one: 0 at a straight
 * edge, where the blurred alpha is one half, and 1 deep inside. So it never reaches outside of the object, where there are no colours of the object.
 * Invisible pixels become black.
 */
export async function finishAlpha(
  cutOut: Raster,
  { threshold, featherPx }: AlphaFinish,
  frameStore: FrameStore,
  pace: Pace,
): Promise<Raster> {
  const hard = threshold > 0 ? await mapAlpha(cutOut, frameStore, pace, toHard(threshold)) : cutOut;
  if (featherPx === 0) return hard;
  const blurred = await blurRaster(await readAlpha(hard, frameStore, pace), featherPx, frameStore);
  return withOpen(async (open) => {
    const rows = await openRows(blurred);
    open.defer(rows.close);
    return mapAlpha(hard, frameStore, pace, await toFeathered(rows));
  });
}

/** Returns the new alpha of strips of rows. Called top-down. */
type AlphaMap = (rows: Uint8Array, top: number, count: number) => Promise<(pixel: number, alpha: number) => number>;

function toHard(threshold: number): AlphaMap {
  // Alpha 0 stays 0 at any threshold.
  const least = Math.max(1, Math.ceil(threshold * 255 - 1e-9));
  return async () => (_, alpha) => (alpha >= least ? 255 : 0);
}

async function toFeathered(blurred: RowSource): Promise<AlphaMap> {
  return async (_, top, count) => {
    const soft = await blurred.readRows(top, count);
    return (pixel, alpha) => Math.min(alpha, Math.max(0, 2 * (soft[pixel] as number) - 255));
  };
}

async function mapAlpha(cutOut: Raster, frameStore: FrameStore, pace: Pace, toMap: AlphaMap): Promise<Raster> {
  const { widthPx, heightPx } = cutOut;
  return withOpen(async (open) => {
    const sink = await createRasterSink({ widthPx, heightPx, channels: 4 }, frameStore);
    open.defer(sink.abandon);
    await eachStrip(cutOut, pace, async (rows, top) => {
      const map = await toMap(rows, top, rows.length / (widthPx * 4));
      const out = Uint8Array.from(rows);
      for (let at = 3; at < out.length; at += 4) {
        const alpha = map(at >> 2, out[at] as number);
        out[at] = alpha;
        if (alpha === 0) out.fill(0, at - 3, at);
      }
      await sink.writeRows(top, out);
    });
    return sink.end();
  });
}

/** Returns the alpha of a cut-out, RGBA, as a grey picture in the frame store. */
export async function readAlpha(cutOut: Raster, frameStore: FrameStore, pace: Pace): Promise<Raster> {
  const { widthPx, heightPx } = cutOut;
  return withOpen(async (open) => {
    const sink = await createRasterSink({ widthPx, heightPx, channels: 1 }, frameStore);
    open.defer(sink.abandon);
    await eachStrip(cutOut, pace, async (rows, top) => {
      const out = new Uint8Array(rows.length / 4);
      for (let i = 0; i < out.length; i++) out[i] = rows[i * 4 + 3] as number;
      await sink.writeRows(top, out);
    });
    return sink.end();
  });
}
