import { compositionKernels } from "../../kernels/composition-kernels.ts";
import type { KernelSpace } from "../../kernels/kernel-space.ts";
import { type Rgb, toLinear } from "../color/color.ts";
import { allocateRow } from "../detail/float-rows.ts";
import type { EffectMemory } from "../picture/prepared-effect.ts";
import type { Row, RowShape } from "../rows/rows.ts";
import { createDiscGrowth, discReach } from "./disc-growth.ts";
import type { ShapePainter } from "./map-shape.ts";
import type { ShapeMargins } from "./shape-margins.ts";

/** A stroke along the edge of an object. */
export type Stroke = {
  /** sRGB-encoded. */
  readonly color: Rgb;
  /** From 0 to 1. */
  readonly opacity: number;
  /** How far it reaches from the edge, above 0. */
  readonly radiusPx: number;
  /** Whether it lies outside of the edge, and inside. One of them, or both. */
  readonly isOutside: boolean;
  readonly isInside: boolean;
};

/** Returns the margins that a canvas needs for all of a stroke. */
export function strokeMargins({ radiusPx, isOutside }: Stroke): ShapeMargins {
  const extent = isOutside ? discReach(radiusPx) : 0;
  return { left: extent, right: extent, top: extent, bottom: extent };
}

/** Returns the memory of a stroke on a canvas: the canvas's rows that wait, and planes of one float for each pixel. */
export function strokeMemory({ radiusPx, isOutside, isInside }: Stroke, { widthPx }: RowShape): EffectMemory {
  const reach = discReach(radiusPx);
  const canvasBytes = (reach + 5) * (16 * widthPx + 128);
  const scratchBytes = 4 * (reach + 1) * (2 * reach + 160);
  const planesBytes = 4 * (2 * reach + 4) * (widthPx + 2 * reach + 32);
  const sides = Number(isOutside) + Number(isInside);
  return { workBytes: canvasBytes + sides * (planesBytes + scratchBytes), pictureBytes: [] };
}

/**
 * Creates the painter of a stroke. What the grown shape has more than the object is drawn beside it, what the shape loses as the gap around it grows is
 * drawn on it. The result has the alpha of the object, or with a stroke outside and full opacity that of the grown shape.
 */
export function createStrokePainter(
  space: KernelSpace,
  { color, opacity, radiusPx, isOutside, isInside }: Stroke,
  canvas: RowShape,
): ShapePainter {
  const { alphaPlane, gapPlane, layStroke } = space.use(compositionKernels);
  const { widthPx, channels } = canvas;
  const shape = isOutside ? createGrowing(space, widthPx, radiusPx, 0, alphaPlane) : undefined;
  const gap = isInside ? createGrowing(space, widthPx, radiusPx, 1, gapPlane) : undefined;
  const [red, green, blue] = color.map(toLinear) as [number, number, number];
  return {
    lagRows: discReach(radiusPx),
    take(row) {
      shape?.take(row);
      gap?.take(row);
    },
    paint(row, to) {
      const planes = [shape?.grown() ?? 0, gap?.grown() ?? 0] as const;
      layStroke(row, ...planes, widthPx, red, green, blue, opacity, channels, to);
    },
  };
}

type Growing = {
  take(row: Row | undefined): void;
  /** The grown row that lies the disc's reach above the last one. */
  grown(): Row;
};

/** Grows a plane that `read` writes from rows of the canvas, with margins. It is `outside` beyond the canvas, and where the canvas is transparent. */
function createGrowing(
  space: KernelSpace,
  widthPx: number,
  radiusPx: number,
  outside: 0 | 1,
  read: (row: Row, count: number, margin: number, to: Row) => void,
): Growing {
  const { reachPx, push } = createDiscGrowth(space, widthPx, radiusPx, outside);
  const planePx = widthPx + 2 * reachPx;
  const [plane, blank] = [allocateRow(space, planePx), allocateRow(space, planePx)];
  const bytes = space.bytes(blank, planePx * 4);
  new Float32Array(bytes.buffer, bytes.byteOffset, planePx).fill(outside);
  let grown: Row = blank;
  return {
    take(row) {
      if (row !== undefined) read(row, widthPx, reachPx, plane);
      grown = push(row === undefined ? blank : plane);
    },
    grown: () => grown,
  };
}
