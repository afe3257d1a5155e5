import { AppError } from "@pixelmesh/errors";
import {
  createRasterSink,
  type Frame,
  type FrameStore,
  memoryFrameStore,
  openRows,
  type Raster,
  type RowSink,
  type RowSource,
  toWholeFrame,
} from "@pixelmesh/imaging";
import { createPace, type Pace } from "@pixelmesh/lifecycle";
import { createPlane, fitSize, type Plane, type Size } from "../planes/plane.ts";
import { mapChannels, toRgbPlanes } from "../planes/rgb-planes.ts";
import { createSampler, resamplePlane } from "../planes/sampler.ts";
import { type FittedMatte, fitMatte } from "./fit-matte.ts";
import { estimateLayers, type LayerColors, type LayerRadii, toForeground } from "./foreground.ts";
import { createMatte, type MatteOptions, toOpaqueRgb } from "./matte.ts";
import { createAlphaReader } from "./read-alpha.ts";

/** Abort signal and progress callback of long work. */
export type WorkOptions = {
  readonly signal?: AbortSignal | undefined;
  /** Called with a growing fraction of the rows; the last call is 1. */
  readonly onProgress?: ((fraction: number) => void) | undefined;
};

/** Everything needed to cut an object out of a picture of any size, row by row. About 11 planes of the working size. */
export type CutOutPlan = { readonly fitted: FittedMatte; readonly layers: LayerColors };

const maxWorkingSidePx = 1_024;
const rowsPerRead = 32;

/**
 * Returns the size at which a matte is fitted: two pixels for each of the model's along the longer side, 1,024 at most, never
 * enlarged.
 */
export function workingSize(picture: Size, modelSidePx: number): Size {
  return fitSize(picture, Math.min(2 * modelSidePx, maxWorkingSidePx));
}

/** Fits `matte` to `guide`, the picture at its working size, and estimates the colours on both sides of its edges. */
export async function planCutOut(guide: Frame, matte: Plane, pace: Pace): Promise<CutOutPlan> {
  const longerPx = Math.max(guide.widthPx, guide.heightPx);
  const rgb = toOpaqueRgb(guide);
  const planes = await toRgbPlanes(rgb, guide, pace);
  // Four of the model's pixels: its edges are rarely further off.
  const radiusPx = Math.max(1, Math.round((4 * longerPx) / matte.widthPx));
  const fitted = await fitMatte(matte, planes, { radiusPx }, pace);
  const alpha = createPlane(guide);
  const readAlpha = createAlphaReader(fitted, guide);
  for (let y = 0; y < guide.heightPx; y++) {
    const start = y * guide.widthPx;
    alpha.data.set(readAlpha(rgb.subarray(start * 3, (start + guide.widthPx) * 3), y), start);
    await pace(guide.widthPx);
  }
  // Colours of the layers change slowly: half the size takes a quarter of the work and looks the same.
  const half = fitSize(guide, Math.ceil(longerPx / 2));
  const picture = await mapChannels(async (c) => resamplePlane(planes[c], half));
  return { fitted, layers: await estimateLayers(picture, resamplePlane(alpha, half), layerRadii(half), pace) };
}

// A sixth of the picture and a hundredth. On known layers, narrower far rounds leave more of the background in soft edges,
// and wider ones gain nothing on textured objects.
function layerRadii({ widthPx, heightPx }: Size): LayerRadii {
  const longerPx = Math.max(widthPx, heightPx);
  return [Math.max(1, Math.round(longerPx / 6)), Math.max(1, Math.round(longerPx / 100))];
}

/**
 * Writes the cut-out, RGBA of the source's size, to `sink`. Alpha is the fitted matte times the source's own. Colours are the
 * object's, without the background's share in half-covered pixels: black where alpha is 0, unchanged where it is 255.
 */
export async function cutOutRows(
  source: RowSource,
  sink: RowSink,
  plan: CutOutPlan,
  { signal, onProgress }: WorkOptions = {},
): Promise<void> {
  const { widthPx, heightPx, channels } = source;
  if (sink.widthPx !== widthPx || sink.heightPx !== heightPx || sink.channels !== 4) {
    throw new AppError("INTERNAL", "The sink of a cut-out has another shape than its result");
  }
  const pace = createPace(signal);
  const readAlpha = createAlphaReader(plan.fitted, source);
  const paint = createPainter(plan.layers, source);
  for (let top = 0; top < heightPx; top += rowsPerRead) {
    const count = Math.min(rowsPerRead, heightPx - top);
    const strip = await source.readRows(top, count);
    const out = new Uint8Array(widthPx * count * 4);
    for (let row = 0; row < count; row++) {
      const data = strip.subarray(row * widthPx * channels, (row + 1) * widthPx * channels);
      const part: Frame = { widthPx, heightPx: 1, channels, data };
      const rgb = toOpaqueRgb(part);
      const target = out.subarray(row * widthPx * 4, (row + 1) * widthPx * 4);
      paint(part, rgb, readAlpha(rgb, top + row), top + row, target);
      await pace(widthPx);
    }
    await sink.writeRows(top, out);
    onProgress?.((top + count) / heightPx);
  }
}

/** A picture, the picture at its working size, and the model's matte. */
export type CutOutTask<Picture = Frame> = { readonly frame: Picture; readonly guide: Frame; readonly matte: Plane };

/**
 * Cuts out the object that the matte marks: RGBA of the picture's size, in the frame store. This is all the computation except
 * the model's.
 */
export async function cutOutRaster(
  { frame, guide, matte }: CutOutTask<Raster>,
  frameStore: FrameStore,
  options: WorkOptions = {},
): Promise<Raster> {
  const plan = await planCutOut(guide, matte, createPace(options.signal));
  const rows = await openRows(frame);
  try {
    const sink = await createRasterSink({ widthPx: frame.widthPx, heightPx: frame.heightPx, channels: 4 }, frameStore);
    try {
      await cutOutRows(rows, sink, plan, options);
      return await sink.end();
    } finally {
      await sink.abandon();
    }
  } finally {
    await rows.close();
  }
}

/** Does the same for a frame in memory. */
export async function cutOutFrame(task: CutOutTask, options: WorkOptions = {}): Promise<Frame> {
  return toWholeFrame(await cutOutRaster(task, memoryFrameStore, options));
}

/**
 * Computes the model's matte of a picture, and the picture at its working size. Throws RESULT_INVALID for an invalid result of
 * the model.
 */
export async function prepareCutOut<Picture extends Size>(
  frame: Picture,
  options: MatteOptions<Picture>,
): Promise<CutOutTask<Picture>> {
  const { resize, modelSidePx, signal } = options;
  signal?.throwIfAborted();
  const matte = await createMatte(frame, options);
  const size = workingSize(frame, modelSidePx);
  return { frame, matte, guide: await resize(frame, size.widthPx, size.heightPx) };
}

/** Cuts the salient object out of a frame: RGBA of the frame's size. Throws RESULT_INVALID for an invalid result of the model. */
export async function removeBackground(frame: Frame, options: MatteOptions & WorkOptions): Promise<Frame> {
  return cutOutFrame(await prepareCutOut(frame, options), options);
}

/** Writes one row of the cut-out, from the source's row, its opaque colours, the matte's alpha and the row's index. */
type Painter = (source: Frame, rgb: Uint8Array, alpha: Float32Array, y: number, out: Uint8Array) => void;

function createPainter(layers: LayerColors, size: Size): Painter {
  const foreground = layers.foreground.map((plane) => createSampler(plane, size));
  const background = layers.background.map((plane) => createSampler(plane, size));
  return ({ channels, data }, rgb, alpha, y, out) => {
    const ownAlpha = channels === 2 || channels === 4 ? channels - 1 : undefined;
    const ownColor = channels >= 3 ? 1 : 0;
    for (let x = 0; x < size.widthPx; x++) {
      const own = ownAlpha === undefined ? 255 : (data[x * channels + ownAlpha] as number);
      const share = alpha[x] as number;
      const opacity = Math.round(own * share);
      if (opacity === 0) continue;
      out[x * 4 + 3] = opacity;
      for (let c = 0; c < 3; c++) {
        const sample = own === 255 ? (rgb[x * 3 + c] as number) : (data[x * channels + c * ownColor] as number);
        // Where the source is itself transparent, its colours are already the object's.
        out[x * 4 + c] =
          own < 255 || opacity === 255
            ? sample
            : Math.round(
                255 *
                  toForeground(
                    sample / 255,
                    share,
                    (foreground[c] as (typeof foreground)[number]).at(x, y),
                    (background[c] as (typeof background)[number]).at(x, y),
                  ),
              );
      }
    }
  };
}
