import {
  createRasterSink,
  type Frame,
  type FrameStore,
  memoryFrameStore,
  openRows,
  type Raster,
  toWholeFrame,
} from "@pixelmesh/imaging";
import { createPace, type Pace } from "@pixelmesh/lifecycle";
import { cutOutKernels } from "../../kernels/cut-out-kernels.ts";
import { alongLongerSide, type Plane, type Size } from "../planes/plane.ts";
import { withOpen } from "../with-open.ts";
import { cleanMatte, type MatteCleaning } from "./clean-matte.ts";
import { cutOutRows, type WorkOptions } from "./cut-out-rows.ts";
import { createMatte, type Finding, type MatteOptions } from "./matte.ts";
import { type MatteRefinement, planCutOut, workingSize } from "./plan-cut-out.ts";
import { decideOutsideBand } from "./trimap.ts";

/** A picture, the picture at its working size, and the model's matte. */
export type CutOutTask<Picture = Frame> = {
  readonly frame: Picture;
  readonly guide: Frame;
  readonly matte: Plane;
  /** Whether half-covered pixels get the object's own colours; default true. */
  readonly decontaminate?: boolean;
  /** Default `guided`. */
  readonly refine?: MatteRefinement;
};

/**
 * Cuts out the object that the matte marks: RGBA of the picture's size, in the frame store. This is all the computation except
 * the model's.
 */
export async function cutOutRaster(
  { frame, guide, matte, decontaminate = true, refine = "guided" }: CutOutTask<Raster>,
  frameStore: FrameStore,
  options: WorkOptions = {},
): Promise<Raster> {
  return withOpen(async (open) => {
    const kernels = cutOutKernels.take();
    open.defer(() => cutOutKernels.give(kernels));
    await planCutOut(kernels, guide, matte, createPace(options.signal), refine);
    kernels.setPainting(decontaminate);
    const rows = await openRows(frame);
    open.defer(rows.close);
    const { widthPx, heightPx } = frame;
    const sink = await createRasterSink({ widthPx, heightPx, channels: 4 }, frameStore);
    open.defer(sink.abandon);
    await cutOutRows(kernels, rows, sink, options);
    return sink.end();
  });
}

/** Does the same for a frame in memory. */
export async function cutOutFrame(task: CutOutTask, options: WorkOptions = {}): Promise<Frame> {
  return toWholeFrame(await cutOutRaster(task, memoryFrameStore, options));
}

/** A task, what the model found, and how sure it is, from 0 to 1. */
export type PreparedCutOut<Picture> = {
  readonly task: CutOutTask<Picture>;
  readonly finding: Finding;
  readonly confidence: number;
};

/**
 * Computes the model's matte of a picture, cleaned, and the picture at its working size. Throws RESULT_INVALID for an invalid result of
 * the model.
 */
export async function prepareCutOut<Picture extends Size>(
  frame: Picture,
  options: MatteOptions<Picture> & Partial<MatteChanges>,
): Promise<PreparedCutOut<Picture>> {
  const { resize, modelSize, signal, infer } = options;
  signal?.throwIfAborted();
  const size = workingSize(frame, alongLongerSide(frame, modelSize));
  let resizing: Promise<Frame> | undefined;
  const { matte, finding, confidence } = await createMatte(frame, {
    ...options,
    infer(rgb, context) {
      // While the model runs in its host.
      resizing = resize(frame, size.widthPx, size.heightPx);
      resizing.catch(() => {});
      return infer(rgb, context);
    },
  });
  const changed = finding === "object" ? await changeMatte(matte, frame, options, createPace(signal)) : matte;
  const guide = await (resizing ?? resize(frame, size.widthPx, size.heightPx));
  return { task: { frame, matte: changed, guide }, finding, confidence };
}

/** Changes of a model's matte before it is fitted to the picture. */
export type MatteChanges = MatteCleaning & {
  /** Farther than so many pixels from the matte's edge it is decided; 0: nowhere. */
  readonly bandPx: number;
};

async function changeMatte(
  matte: Plane,
  picture: Size,
  { fillHoles = false, minIsland = 0, bandPx = 0 }: Partial<MatteChanges>,
  pace: Pace,
): Promise<Plane> {
  const isCleaned = fillHoles || minIsland > 0;
  const cleaned = isCleaned ? await cleanMatte(matte, { fillHoles, minIsland }, pace) : matte;
  return bandPx > 0 ? decideOutsideBand(cleaned, picture, bandPx, pace) : cleaned;
}

/** Cuts the salient object out of a frame: RGBA of the frame's size. Throws RESULT_INVALID for an invalid result of the model. */
export async function removeBackground(
  frame: Frame,
  options: MatteOptions & WorkOptions & Partial<MatteChanges>,
): Promise<Frame> {
  const { task } = await prepareCutOut(frame, options);
  return cutOutFrame(task, options);
}
