import { createRasterSink, type FrameStore, openRows, type Raster, type RowSource } from "@pixelmesh/imaging";
import type { Pace } from "@pixelmesh/lifecycle";
import { rowsPerTurn } from "../turns.ts";
import { withOpen } from "../with-open.ts";

/** How much of a picture is transparent, as shares of its pixels. */
export type Transparency = {
  /** With alpha below 255. */
  readonly some: number;
  /** With alpha below 128. */
  readonly most: number;
};

/** Reads the alpha of a picture. One without alpha has no transparent pixel. */
export async function readTransparency(picture: Raster, pace: Pace): Promise<Transparency> {
  const { widthPx, heightPx, channels } = picture;
  if (channels === 1 || channels === 3) return { some: 0, most: 0 };
  let [some, most] = [0, 0];
  await eachStrip(picture, pace, async (rows) => {
    for (let at = channels - 1; at < rows.length; at += channels) {
      const alpha = rows[at] as number;
      if (alpha < 255) some += 1;
      if (alpha < 128) most += 1;
    }
  });
  return { some: some / (widthPx * heightPx), most: most / (widthPx * heightPx) };
}

/** Returns a picture with alpha as RGBA, grey repeated: itself, or a copy in the frame store. */
export function toRgba(picture: Raster, frameStore: FrameStore, pace: Pace): Promise<Raster> | Raster {
  if (picture.channels === 4) return picture;
  const channels = 4;
  return mapPixels(picture, { channels }, frameStore, pace, (rows, out) => {
    for (let from = 0, to = 0; from < rows.length; from += 2, to += 4) {
      out.fill(rows[from] as number, to, to + 3);
      out[to + 3] = rows[from + 1] as number;
    }
  });
}

/** Returns a picture without its alpha: the colours as they lie below it. */
export function withoutAlpha(picture: Raster, frameStore: FrameStore, pace: Pace): Promise<Raster> | Raster {
  const { channels } = picture;
  if (channels === 1 || channels === 3) return picture;
  const colors = (channels - 1) as 1 | 3;
  return mapPixels(picture, { channels: colors }, frameStore, pace, (rows, out) => {
    for (let from = 0, to = 0; from < rows.length; from += channels, to += colors)
      for (let c = 0; c < colors; c++) out[to + c] = rows[from + c] as number;
  });
}

/** Writes a picture of other channels, strip by strip: `map` fills the rows of the result from those of the picture. */
async function mapPixels(
  picture: Raster,
  { channels }: Pick<RowSource, "channels">,
  frameStore: FrameStore,
  pace: Pace,
  map: (rows: Uint8Array, out: Uint8Array) => void,
): Promise<Raster> {
  const { widthPx, heightPx } = picture;
  return withOpen(async (open) => {
    const sink = await createRasterSink({ widthPx, heightPx, channels }, frameStore);
    open.defer(sink.abandon);
    await eachStrip(picture, pace, async (rows, top) => {
      const out = new Uint8Array((rows.length / picture.channels) * channels);
      map(rows, out);
      await sink.writeRows(top, out);
    });
    return sink.end();
  });
}

/** Calls `act` with the rows of each strip of a picture, top-down. */
export async function eachStrip(
  picture: Raster,
  pace: Pace,
  act: (rows: Uint8Array, top: number) => Promise<void>,
): Promise<void> {
  const { widthPx, heightPx } = picture;
  await withOpen(async (open) => {
    const source = await openRows(picture);
    open.defer(source.close);
    const strip = rowsPerTurn(widthPx);
    for (let top = 0; top < heightPx; top += strip) {
      const count = Math.min(strip, heightPx - top);
      await act(await source.readRows(top, count), top);
      await pace(widthPx * count);
    }
  });
}
