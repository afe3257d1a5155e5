import { compositionKernels } from "../../kernels/composition-kernels.ts";
import type { KernelSpace } from "../../kernels/kernel-space.ts";
import { type Rgb, toLinear } from "../color/color.ts";
import { allocateRow, createRowWindow } from "../detail/float-rows.ts";
import type { EffectMemory, PrepareContext } from "../picture/prepared-effect.ts";
import type { Row, RowShape } from "../rows/rows.ts";
import { blurReach, createAlphaBlur } from "./alpha-blur.ts";
import { createDiscGrowth, discReach } from "./disc-growth.ts";
import type { ShapePainter } from "./map-shape.ts";
import type { ShapeMargins } from "./shape-margins.ts";

/** A shadow of an object. */
export type Shadow = {
  /** sRGB-encoded. */
  readonly color: Rgb;
  /** From 0 to 1. */
  readonly opacity: number;
  /** Standard deviation of its Gaussian blur. */
  readonly sigmaPx: number;
  /** How far the object's shape grows before the blur. */
  readonly spreadPx: number;
  /** Where it lies: whole pixels from the object to the right and down. */
  readonly right: number;
  readonly down: number;
};

/** A blurred edge at this many standard deviations from it has an alpha of 0.0013, a third of a step of 8 bits. */
export const visibleSigmas = 3;

/** Returns the margins that a canvas needs for all of a shadow that is visible in 8 bits. */
export function shadowMargins({ sigmaPx, spreadPx, right, down }: Shadow): ShapeMargins {
  const extent = Math.ceil(spreadPx + visibleSigmas * sigmaPx);
  const beside = (offset: number) => Math.max(0, extent + offset);
  return { left: beside(-right), right: beside(right), top: beside(-down), bottom: beside(down) };
}

/** How far the planes of a shadow reach. */
function reachOf({ sigmaPx, spreadPx, right }: Shadow) {
  const spreadReach = discReach(spreadPx);
  const reach = spreadReach + blurReach(sigmaPx);
  // Columns beside the canvas that a shadow comes from, or goes to.
  return { spreadReach, reach, marginPx: Math.max(reach, Math.abs(right)) };
}

/** The rows that a painter holds. */
function heldOf(shadow: Shadow, { top }: ShapeMargins) {
  const { reach } = reachOf(shadow);
  const lagRows = Math.max(reach - shadow.down, top);
  return { lagRows, heldShadows: lagRows - reach + shadow.down + 1 };
}

/** Returns the bytes of the planes of a shadow on a canvas, of which it holds `held` more. */
function planesBytes(shadow: Shadow, canvas: RowShape, held: number): number {
  const { spreadReach, marginPx } = reachOf(shadow);
  // Three boxes of the blur have 2 / 3 of its reach each.
  const planes = 2 * spreadReach + 2 * blurReach(shadow.sigmaPx) + held + 16;
  const planeBytes = 4 * (canvas.widthPx + 2 * marginPx + 2 * spreadReach + 64);
  const scratchBytes = 4 * (spreadReach + 1) * (2 * spreadReach + 160);
  return planes * planeBytes + scratchBytes;
}

/** Returns the memory of a shadow on a canvas: the canvas's rows that wait for their shadow, and planes of one float for each pixel. */
export function shadowMemory(shadow: Shadow, canvas: RowShape, margins: ShapeMargins): EffectMemory {
  const { lagRows, heldShadows } = heldOf(shadow, margins);
  const rowsBytes = (lagRows + 5) * (16 * canvas.widthPx + 128);
  return { workBytes: rowsBytes + planesBytes(shadow, canvas, heldShadows), pictureBytes: [] };
}

/** The alpha of a shadow before it is displaced, row by row. */
export type Cast = {
  /** Rows between a row and the shadow's row that follows from it. */
  readonly reachPx: number;
  /** Columns of the shadow before the canvas. */
  readonly marginPx: number;
  /** Columns of the shadow. */
  readonly widthPx: number;
  /**
   * Takes the next row of the canvas, four floats for each pixel, undefined for a transparent one. Returns the shadow's row that lies `reachPx` rows above it,
   * valid until the next call. Rows above the first one are transparent.
   */
  push(row: Row | undefined): Row;
};

/** Returns the bytes that a cast allocates. */
export function castBytes(shadow: Shadow, canvas: RowShape): number {
  return planesBytes(shadow, canvas, 0);
}

/** Creates the cast of a shadow on a canvas. */
export async function createCast(
  { space, pace }: Pick<PrepareContext, "space" | "pace">,
  shadow: Shadow,
  { widthPx }: RowShape,
): Promise<Cast> {
  const { alphaPlane } = space.use(compositionKernels);
  const { sigmaPx, spreadPx } = shadow;
  const { spreadReach, reach, marginPx } = reachOf(shadow);
  const planePx = widthPx + 2 * marginPx;
  const plane = allocateRow(space, planePx + 2 * spreadReach);
  const blank = allocateRow(space, planePx + 2 * spreadReach);
  const growth = spreadPx > 0 ? createDiscGrowth(space, planePx, spreadPx, 0) : undefined;
  const blur = sigmaPx > 0 ? await createAlphaBlur(space, planePx, sigmaPx, pace) : undefined;
  return {
    reachPx: reach,
    marginPx,
    widthPx: planePx,
    push(row) {
      if (row !== undefined) alphaPlane(row, widthPx, marginPx + spreadReach, plane);
      const given = row === undefined ? blank : plane;
      const grown = growth?.push(given) ?? given;
      return blur?.(grown) ?? grown;
    },
  };
}

/** Writes a row of four floats for each pixel over the shadow's alpha, a plane of as many values. */
export type LayOver = (row: Row, alpha: Row, to: Row) => void;

/** Returns the function that lays rows over a shadow, in linear light. */
export function createLayOver(space: KernelSpace, { color, opacity }: Shadow, { widthPx }: RowShape): LayOver {
  const { layOverShadow } = space.use(compositionKernels);
  const [red, green, blue] = color.map(toLinear) as [number, number, number];
  return (row, alpha, to) => layOverShadow(row, alpha, widthPx, red, green, blue, opacity, to);
}

/** Creates the painter of a shadow under the object on a canvas. The object lies over it in linear light. */
export async function createShadowPainter(
  context: Pick<PrepareContext, "space" | "pace">,
  shadow: Shadow,
  canvas: RowShape,
  margins: ShapeMargins,
): Promise<ShapePainter> {
  const { space } = context;
  const { lagRows, heldShadows } = heldOf(shadow, margins);
  const cast = await createCast(context, shadow, canvas);
  const layOver = createLayOver(space, shadow, canvas);
  const shadows = createRowWindow(space, cast.widthPx, heldShadows);
  const bytes = cast.widthPx * 4;
  return {
    lagRows,
    take(row) {
      const alpha = cast.push(row);
      space.bytes(shadows.next(), bytes).set(space.bytes(alpha, bytes));
    },
    paint(row, to) {
      layOver(row, shadows.row(heldShadows - 1) + (cast.marginPx - shadow.right) * 4, to);
    },
  };
}
