import {
  createFrame,
  createRasterSink,
  type Frame,
  type FrameStore,
  type OpenRows,
  openRows,
  type Raster,
  type RowSource,
  toWholeFrame,
} from "@pixelmesh/imaging";
import { createPace } from "@pixelmesh/lifecycle";
import { toOpaqueRgb } from "../cut-out/matte.ts";
import { createPlane, fitSize, type Plane, type Size } from "../planes/plane.ts";
import { toRgbPlanes } from "../planes/rgb-planes.ts";
import { createRowSampler, createSampler, type Sampler } from "../planes/sampler.ts";
import { withOpen } from "../with-open.ts";
import { fillHole } from "./fill-hole.ts";

/**
 * Operations on whole pictures in memory or in files. They are methods, so that functions of frames fit if everything is in
 * memory.
 */
export type PictureTools = {
  /** Resizes to exact sides: `resizeRaster` of @pixelmesh/imaging, or `resizeFrame`. */
  resize(picture: Raster, widthPx: number, heightPx: number): Promise<Raster>;
  /** Applies a Gaussian blur: `blurRaster`, or `blurFrame`. */
  blur(picture: Raster, sigmaPx: number): Promise<Raster>;
};

/** Options of a blurred background. */
export type BlurOptions = PictureTools & {
  /** Sigma of the Gaussian, in pixels of the picture. */
  readonly sigmaPx: number;
  /** Where intermediate pictures lie. */
  readonly frameStore: FrameStore;
  readonly signal?: AbortSignal | undefined;
};

// The hidden part is estimated at this size. It is smooth, and its visible remains are blurred.
const fillSidePx = 256;
const rowsPerRead = 32;
// A blur this wide (of the shrunken picture) survives bilinear enlargement without a visible change.
const shrunkenSigmaPx = 4;

/**
 * Blurs the picture as if the object were not there, so that no halo of its colours surrounds it: the part under the cut-out is
 * first filled with colours from around it. Wide blurs are computed on a shrunken copy. Returns rows of RGB, to be closed.
 */
export async function blurredBackground(cutOut: Raster, picture: Raster, options: BlurOptions): Promise<OpenRows> {
  const { sigmaPx, resize, blur, signal } = options;
  const emptied = await removeObject(cutOut, picture, options);
  const factor = Math.max(1, Math.floor(sigmaPx / shrunkenSigmaPx));
  const widthPx = Math.max(1, Math.round(picture.widthPx / factor));
  const heightPx = Math.max(1, Math.round(picture.heightPx / factor));
  const shrunken = await resize(emptied, widthPx, heightPx);
  signal?.throwIfAborted();
  const rows = await openRows(await blur(shrunken, sigmaPx / factor));
  if (signal?.aborted) await rows.close();
  signal?.throwIfAborted();
  return factor === 1 ? rows : enlarged(rows, picture);
}

async function removeObject(
  cutOut: Raster,
  picture: Raster,
  { resize, frameStore, signal }: BlurOptions,
): Promise<Raster> {
  const pace = createPace(signal);
  const small = fitSize(picture, fillSidePx);
  const shrink = async (raster: Raster) => toWholeFrame(await resize(raster, small.widthPx, small.heightPx));
  const planes = await toRgbPlanes(toOpaqueRgb(await shrink(picture)), small, pace);
  const filled = await fillHole(planes, hiddenPlane(await shrink(cutOut), small), pace);
  const samplers = filled.map((plane) => createSampler(plane, picture));
  return withOpen(async (open) => {
    const [overRows, rows] = [await openRows(cutOut), await openRows(picture)];
    open.defer(overRows.close);
    open.defer(rows.close);
    const { widthPx, heightPx } = picture;
    const sink = await createRasterSink({ widthPx, heightPx, channels: 3 }, frameStore);
    open.defer(sink.abandon);
    for (let top = 0; top < heightPx; top += rowsPerRead) {
      const count = Math.min(rowsPerRead, heightPx - top);
      const over = toStrip(await overRows.readRows(top, count), overRows);
      const strip = toStrip(await rows.readRows(top, count), rows);
      const out = createFrame(widthPx, count, 3);
      for (let row = 0; row < count; row++) {
        fillRow(out, row, top + row, over, strip, samplers);
        await pace(widthPx);
      }
      await sink.writeRows(top, out.data);
    }
    return sink.end();
  });
}

function toStrip(data: Uint8Array, { widthPx, channels }: RowSource): Frame {
  return createFrame(widthPx, data.length / widthPx / channels, channels, data);
}

/** Fills row `row` of the strips, which is row `y` of the picture. */
function fillRow(out: Frame, row: number, y: number, cutOut: Frame, picture: Frame, filled: readonly Sampler[]): void {
  const { widthPx, channels } = picture;
  const start = row * widthPx;
  const data = picture.data.subarray(start * channels, (start + widthPx) * channels);
  const own = toOpaqueRgb({ widthPx, heightPx: 1, channels, data });
  out.data.set(own, start * 3);
  for (let x = 0; x < widthPx; x++) {
    const hidden = hiddenShare(cutOut, start + x);
    if (hidden === 0) continue;
    for (let c = 0; c < 3; c++) {
      const [sample, fill] = [own[x * 3 + c] as number, 255 * (filled[c] as Sampler).at(x, y)];
      out.data[(start + x) * 3 + c] = Math.round(sample + (fill - sample) * hidden);
    }
  }
}

function hiddenPlane(cutOut: Frame, size: Size): Plane {
  const plane = createPlane(size);
  for (let at = 0; at < plane.data.length; at++) plane.data[at] = hiddenShare(cutOut, at);
  return plane;
}

// Three times alpha: a third of the object in a pixel already gives it the object's colour.
function hiddenShare({ channels, data }: Frame, at: number): number {
  return channels % 2 === 0 ? Math.min(1, (3 * (data[at * channels + channels - 1] as number)) / 255) : 1;
}

function enlarged(rows: OpenRows, { widthPx, heightPx }: Size): OpenRows {
  const readRow = createRowSampler(rows, { widthPx, heightPx });
  return {
    widthPx,
    heightPx,
    channels: rows.channels,
    async readRows(y, count) {
      const out = new Uint8Array(widthPx * count * rows.channels);
      for (let row = 0; row < count; row++) out.set(await readRow(y + row), row * widthPx * rows.channels);
      return out;
    },
    close: rows.close,
  };
}
