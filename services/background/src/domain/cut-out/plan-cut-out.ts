import { AppError } from "@pixelmesh/errors";
import type { Frame } from "@pixelmesh/imaging";
import type { Pace } from "@pixelmesh/lifecycle";
import type { CutOutKernels } from "../../kernels/cut-out-kernels.ts";
import { alongLongerSide, fitSize, type Plane, type Size } from "../planes/plane.ts";
import { createTurns, type InTurns, turnPixels } from "../turns.ts";

const maxWorkingSidePx = 1_024;
/** Windows of more pixels than this would overflow the kernels' integer sums: 16,384 × 255 a pixel in the fit, 65,536 in the layers. */
const mostRadiusPx = { fit: 10, layers: 90 };

/**
 * Variance of colour (samples from 0 to 1, squared) that a window of the fit needs before its edges count: slightly more than
 * the variance of rounding to 8 bit, so that weak edges count too. On known mattes 1e-4 leaves 3 % more error at the edges,
 * 1e-6 the same within 1 %.
 */
export const defaultEpsilon = 1e-5;

/**
 * Values this close to 0 or 1 become certain: windows that see a little of the other side never reach the ends. On known mattes
 * (see the tests), 0.15 to 0.2 gives the smallest error and keeps hair.
 */
export const certainShare = 0.15;

/** Share of alpha that avoids a division by zero far from every object pixel or every background pixel. */
export const leastShare = 1e-5;

/**
 * Radii of the two rounds that estimate the layers, in pixels of half the working size. The first finds colours from afar, the
 * second those close by.
 */
export type LayerRadii = readonly [farPx: number, nearPx: number];

/**
 * Returns the size at which a matte is fitted: two pixels for each of the model's along the longer side, 1,024 at most, never
 * enlarged. `modelSidePx` is the model's size along that side.
 */
export function workingSize(picture: Size, modelSidePx: number): Size {
  return fitSize(picture, Math.min(2 * modelSidePx, maxWorkingSidePx));
}

/** Radii of the windows of a plan, and the size at which its layers are estimated. */
export type PlanShape = { readonly radiusPx: number; readonly half: Size; readonly layers: LayerRadii };

/** Returns the shape of a plan for a guide of this size and a matte of this size. */
export function planShape(guide: Size, matte: Size): PlanShape {
  const longerPx = Math.max(guide.widthPx, guide.heightPx);
  // Colours of the layers change slowly: half the size takes a quarter of the work and looks the same.
  const half = fitSize(guide, Math.ceil(longerPx / 2));
  const halfPx = Math.max(half.widthPx, half.heightPx);
  return {
    // Four of the model's pixels: its edges are rarely further off.
    radiusPx: Math.max(1, Math.round((4 * longerPx) / alongLongerSide(guide, matte))),
    half,
    // A sixth of the picture and a hundredth. On known layers, narrower far rounds leave more of the background in soft edges,
    // and wider ones gain nothing on textured objects.
    layers: [Math.max(1, Math.round(halfPx / 6)), Math.max(1, Math.round(halfPx / 100))],
  };
}

/** How a matte becomes alpha of the picture's size: fitted to the picture's edges by a guided filter, or only enlarged. */
export type MatteRefinement = "guided" | "none";

/**
 * Fits `matte` to `guide`, the picture at its working size, or enlarges it linearly to that size; and estimates the colours on both sides of its
 * edges. The kernels hold the result: 40 bytes for each working pixel. Throws INTERNAL for a guide that is too large for its matte.
 */
export async function planCutOut(
  kernels: CutOutKernels,
  guide: Frame,
  matte: Plane,
  pace: Pace,
  refine: MatteRefinement = "guided",
): Promise<void> {
  const { widthPx, heightPx } = guide;
  const shape = planShape(guide, matte);
  const { half, layers } = shape;
  const [farPx, nearPx] = layers;
  const end = layOutPlan(kernels, guide, matte, shape);
  kernels.setFit(defaultEpsilon, certainShare);
  kernels.setLayers(leastShare);
  kernels.startPlan();
  kernels.floats(kernels.matteAddress(), matte.data.length).set(matte.data);
  const inTurns = createTurns(pace);
  await packGuide(kernels, guide, end, inTurns);
  if (refine === "none") await inTurns(heightPx, widthPx, kernels.enlargeRows);
  else await inTurns(kernels.fitStepCount(), widthPx, kernels.fitSteps);
  await inTurns(half.heightPx, half.widthPx, kernels.halveRows);
  await inTurns(kernels.roundStepCount(farPx), half.widthPx, (from, to) => kernels.farSteps(from, to, farPx));
  await inTurns(kernels.roundStepCount(nearPx), half.widthPx, (from, to) => kernels.nearSteps(from, to, nearPx));
}

/** Lays out the memory of a plan. Returns its end. Throws INTERNAL for windows whose sums could overflow. */
function layOutPlan(kernels: CutOutKernels, guide: Frame, matte: Size, { radiusPx, half, layers }: PlanShape): number {
  const [farPx] = layers;
  if (radiusPx > mostRadiusPx.fit || farPx > mostRadiusPx.layers) {
    throw new AppError(
      "INTERNAL",
      `Expected a guide of at most 1,024 px and ${mostRadiusPx.fit / 4} times its matte, got ${guide.widthPx}x${guide.heightPx} for ${matte.widthPx}x${matte.heightPx}`,
    );
  }
  const end = kernels.layOut(
    guide.widthPx,
    guide.heightPx,
    matte.widthPx,
    matte.heightPx,
    radiusPx,
    half.widthPx,
    half.heightPx,
    farPx,
  );
  kernels.reserve(end + rowsOfGuide(guide) * guide.widthPx * guide.channels);
  return end;
}

function rowsOfGuide({ widthPx }: Size): number {
  return Math.max(1, Math.floor(turnPixels / widthPx));
}

/** Copies the guide's rows to `address`, some at a time, where the kernels take them. */
async function packGuide(kernels: CutOutKernels, guide: Frame, address: number, inTurns: InTurns): Promise<void> {
  const { widthPx, heightPx, channels, data } = guide;
  const stride = widthPx * channels;
  await inTurns(heightPx, widthPx, (from, to) => {
    kernels.bytes(address, (to - from) * stride).set(data.subarray(from * stride, to * stride));
    kernels.packRows(from, to - from, address, channels);
  });
}
