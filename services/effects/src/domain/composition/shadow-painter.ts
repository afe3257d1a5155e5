import { compositionKernels } from "../../kernels/composition-kernels.ts";
import { type Rgb, toLinear } from "../color/color.ts";
import { allocateRow, createRowWindow } from "../detail/float-rows.ts";
import type { EffectMemory, PrepareContext } from "../picture/prepared-effect.ts";
import type { RowShape } from "../rows/rows.ts";
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
const visibleSigmas = 3;

/** Returns the margins that a canvas needs for all of a shadow that is visible in 8 bits. */
export function shadowMargins({ sigmaPx, spreadPx, right, down }: Shadow): ShapeMargins {
  const extent = Math.ceil(spreadPx + visibleSigmas * sigmaPx);
  const beside = (offset: number) => Math.max(0, extent + offset);
  return { left: beside(-right), right: beside(right), top: beside(-down), bottom: beside(down) };
}

/** How far the planes of a shadow reach. */
function reachOf({ sigmaPx, spreadPx, right, down }: Shadow, { top }: ShapeMargins) {
  const spreadReach = discReach(spreadPx);
  const reach = spreadReach + blurReach(sigmaPx);
  // Columns beside the canvas that a shadow comes from, or goes to.
  const marginPx = Math.max(reach, Math.abs(right));
  const lagRows = Math.max(reach - down, top);
  return { spreadReach, marginPx, lagRows, heldShadows: lagRows - reach + down + 1 };
}

/** Returns the memory of a shadow on a canvas: the canvas's rows that wait for their shadow, and planes of one float for each pixel. */
export function shadowMemory(shadow: Shadow, canvas: RowShape, margins: ShapeMargins): EffectMemory {
  const { spreadReach, marginPx, lagRows, heldShadows } = reachOf(shadow, margins);
  const canvasRows = lagRows + 5;
  // Three boxes of the blur have 2 / 3 of its reach each.
  const planes = 2 * spreadReach + 2 * blurReach(shadow.sigmaPx) + heldShadows + 16;
  const planeBytes = 4 * (canvas.widthPx + 2 * marginPx + 2 * spreadReach + 64);
  const scratchBytes = 4 * (spreadReach + 1) * (2 * spreadReach + 160);
  return { workBytes: canvasRows * (16 * canvas.widthPx + 128) + planes * planeBytes + scratchBytes, pictureBytes: [] };
}

/** Creates the painter of a shadow under the object on a canvas. The object lies over it in linear light. */
export async function createShadowPainter(
  { space, pace }: Pick<PrepareContext, "space" | "pace">,
  shadow: Shadow,
  canvas: RowShape,
  margins: ShapeMargins,
): Promise<ShapePainter> {
  const { alphaPlane, layOverShadow } = space.use(compositionKernels);
  const { widthPx } = canvas;
  const { color, opacity, sigmaPx, spreadPx, right } = shadow;
  const { spreadReach, marginPx, lagRows, heldShadows } = reachOf(shadow, margins);
  const planePx = widthPx + 2 * marginPx;
  const plane = allocateRow(space, planePx + 2 * spreadReach);
  const blank = allocateRow(space, planePx + 2 * spreadReach);
  const growth = spreadPx > 0 ? createDiscGrowth(space, planePx, spreadPx, 0) : undefined;
  const blur = sigmaPx > 0 ? await createAlphaBlur(space, planePx, sigmaPx, pace) : undefined;
  const shadows = createRowWindow(space, planePx, heldShadows);
  const [red, green, blue] = color.map(toLinear) as [number, number, number];
  return {
    lagRows,
    take(row) {
      if (row !== undefined) alphaPlane(row, widthPx, marginPx + spreadReach, plane);
      const given = row === undefined ? blank : plane;
      const grown = growth?.push(given) ?? given;
      const blurred = blur?.(grown) ?? grown;
      space.bytes(shadows.next(), planePx * 4).set(space.bytes(blurred, planePx * 4));
    },
    paint(row, to) {
      const cast = shadows.row(heldShadows - 1) + (marginPx - right) * 4;
      layOverShadow(row, cast, widthPx, red, green, blue, opacity, to);
    },
  };
}
