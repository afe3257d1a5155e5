import {
  createRasterSink,
  type FrameStore,
  type OpenRows,
  openRows,
  type Raster,
  toWholeFrame,
} from "@pixelmesh/imaging";
import { createPace } from "@pixelmesh/lifecycle";
import { composeKernels, placeBytes, spareBytes, vectorBytes } from "../../kernels/compose-kernels.ts";
import { createLayout, type Layout } from "../../kernels/lay-out.ts";
import { fitSize, placeOf, type Size } from "../planes/plane.ts";
import { rowsPerTurn } from "../turns.ts";
import { withOpen } from "../with-open.ts";
import { fill, layOutFill } from "./fill.ts";

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
  if (factor === 1) return rows;
  try {
    return enlarged(rows, picture);
  } catch (error) {
    await rows.close();
    throw error;
  }
}

async function removeObject(cutOut: Raster, picture: Raster, options: BlurOptions): Promise<Raster> {
  const { resize, frameStore, signal } = options;
  const pace = createPace(signal);
  const small = fitSize(picture, fillSidePx);
  const shrink = async (raster: Raster) => toWholeFrame(await resize(raster, small.widthPx, small.heightPx));
  const [smallPicture, smallCutOut] = [await shrink(picture), await shrink(cutOut)];
  return withOpen(async (open) => {
    const kernels = composeKernels.take();
    open.defer(() => composeKernels.give(kernels));
    const [overRows, rows] = [await openRows(cutOut), await openRows(picture)];
    open.defer(overRows.close);
    open.defer(rows.close);
    const layout = createLayout();
    const fillAddress = layOutFill(layout, small);
    const places = layOutPlaces(layout, picture.widthPx, small.widthPx);
    const stripRows = rowsPerTurn(picture.widthPx);
    const strip = (channels: number) => layout.add(stripRows * picture.widthPx * channels + spareBytes);
    const [over, under, out] = [strip(cutOut.channels), strip(picture.channels), strip(3)];
    kernels.reserve(layout.end());
    await fill(kernels, fillAddress, smallPicture, smallCutOut, pace);
    const { widthPx, heightPx, channels } = picture;
    kernels.writePlaces(places.across, widthPx, small.widthPx, vectorBytes);
    const filledRow = (y: number) => fillAddress.filled + y * small.widthPx * vectorBytes;
    const sink = await createRasterSink({ widthPx, heightPx, channels: 3 }, frameStore);
    open.defer(sink.abandon);
    for (let top = 0; top < heightPx; top += stripRows) {
      const count = Math.min(stripRows, heightPx - top);
      const pixels = widthPx * count;
      kernels.bytes(over, pixels * cutOut.channels).set(await overRows.readRows(top, count));
      kernels.bytes(under, pixels * channels).set(await rows.readRows(top, count));
      for (let row = 0; row < count; row++) {
        const { from, to, share } = placeOf(top + row, heightPx, small.heightPx);
        kernels.mixRows(filledRow(from), filledRow(to), share, places.row, small.widthPx);
        const at = row * widthPx;
        kernels.hideRow(
          under + at * channels,
          channels,
          over + at * cutOut.channels,
          cutOut.channels,
          places.row,
          places.across,
          out + at * 3,
          widthPx,
        );
      }
      await sink.writeRows(top, kernels.bytes(out, pixels * 3));
      await pace(pixels);
    }
    return sink.end();
  });
}

/** Addresses of the places of a row's pixels in a row of a smaller plane, and of one mixed row of the plane. */
function layOutPlaces(layout: Layout, widthPx: number, planeWidthPx: number) {
  return {
    across: layout.add(widthPx * placeBytes),
    row: layout.add((planeWidthPx + 1) * vectorBytes),
  };
}

/**
 * Rows of RGB at a larger size, interpolated bilinearly. Rows are requested top-down, those of one turn at most at once; two of the
 * source are held.
 */
function enlarged(rows: OpenRows, { widthPx, heightPx }: Size): OpenRows {
  const kernels = composeKernels.take();
  const layout = createLayout();
  const places = layOutPlaces(layout, widthPx, rows.widthPx);
  const source = layout.add(rows.widthPx * 3 + spareBytes);
  const held = [0, 1].map(() => ({ y: -1, address: layout.add(rows.widthPx * vectorBytes) }));
  const out = layout.add(rowsPerTurn(widthPx) * widthPx * 3 + spareBytes);
  kernels.reserve(layout.end());
  kernels.writePlaces(places.across, widthPx, rows.widthPx, vectorBytes);
  const hold = async (y: number): Promise<number> => {
    const slot = held[y % 2] as (typeof held)[number];
    if (slot.y !== y) {
      kernels.bytes(source, rows.widthPx * 3).set(await rows.readRows(y, 1));
      kernels.widenRow(source, rows.widthPx, slot.address);
      slot.y = y;
    }
    return slot.address;
  };
  return {
    widthPx,
    heightPx,
    channels: 3,
    async readRows(top, count) {
      for (let row = 0; row < count; row++) {
        const place = placeOf(top + row, heightPx, rows.heightPx);
        const [upper, lower] = [await hold(place.from), await hold(place.to)];
        kernels.mixRows(upper, lower, place.share, places.row, rows.widthPx);
        kernels.enlargeRow(places.row, places.across, widthPx, out + row * widthPx * 3);
      }
      return kernels.bytes(out, widthPx * count * 3);
    },
    async close() {
      composeKernels.give(kernels);
      await rows.close();
    },
  };
}
