import { compositionKernels } from "../../kernels/composition-kernels.ts";
import type { KernelSpace } from "../../kernels/kernel-space.ts";
import { type Rgb, toLinear } from "../color/color.ts";
import { allocateRow } from "../detail/float-rows.ts";
import type { EffectMemory, PrepareContext } from "../picture/prepared-effect.ts";
import type { Row, RowShape } from "../rows/rows.ts";
import { blurReach, createAlphaBlur } from "./alpha-blur.ts";
import { type Footprint, footprintBytes, toFlatShape } from "./footprint.ts";
import type { ShapePainter } from "./map-shape.ts";
import { visibleSigmas } from "./shadow-painter.ts";
import type { ShapeMargins } from "./shape-margins.ts";

/** A shadow on the ground on which an object stands. */
export type ContactShadow = {
  /** sRGB-encoded. */
  readonly color: Rgb;
  /** From 0 to 1. */
  readonly opacity: number;
  /** Standard deviation of its Gaussian blur. */
  readonly sigmaPx: number;
  /** How far the footprint grows to either side before the blur. */
  readonly spreadPx: number;
  /** How far the flat shape reaches below the object before the blur. */
  readonly halfPx: number;
  /** The part of the object's height, from below, that rests on the ground: from 0 to 1. */
  readonly footprint: number;
};

/** Returns the margins that a canvas needs for all of a contact shadow that is visible in 8 bits. */
export function contactMargins({ sigmaPx, spreadPx, halfPx }: ContactShadow): ShapeMargins {
  const beside = Math.ceil(spreadPx + visibleSigmas * sigmaPx);
  return { left: beside, right: beside, top: 0, bottom: Math.ceil(halfPx + visibleSigmas * sigmaPx) };
}

/** Columns beside the canvas that a shadow comes from, and that the blur needs. */
function marginOf({ sigmaPx, spreadPx }: ContactShadow): number {
  return blurReach(sigmaPx) + Math.ceil(spreadPx) + 1;
}

/**
 * Returns the memory of a contact shadow of a picture on a canvas: that of the footprint, some rows of the canvas, and planes of one float for each
 * pixel.
 */
export function contactMemory(shadow: ContactShadow, picture: RowShape, canvas: RowShape): EffectMemory {
  // Three boxes of the blur have 2 / 3 of its reach each.
  const planes = 2 * blurReach(shadow.sigmaPx) + 24;
  const planeBytes = 4 * (canvas.widthPx + 2 * marginOf(shadow) + 64);
  const rowsBytes = 6 * (16 * canvas.widthPx + 128);
  return { workBytes: footprintBytes(picture) + rowsBytes + planes * planeBytes, pictureBytes: [] };
}

/** Returns the painter of an object of which nothing is visible: it has no shadow. */
export function withoutShadow({ space }: Pick<PrepareContext, "space">, canvas: RowShape): ShapePainter {
  return { lagRows: 0, take() {}, paint: createRowCopy(space, canvas) };
}

/** Creates the painter of a contact shadow under the object of a footprint on a canvas. The object lies over it in linear light. */
export async function createContactPainter(
  context: Pick<PrepareContext, "space" | "pace">,
  shadow: ContactShadow,
  place: { readonly footprint: Footprint; readonly canvas: RowShape; readonly margins: ShapeMargins },
): Promise<ShapePainter> {
  const { space } = context;
  const { layOverShadow } = space.use(compositionKernels);
  const { canvas, footprint } = place;
  const { groundPx } = footprint;
  const depthPx = Math.max(1, shadow.footprint * footprint.heightPx);
  const firstY = Math.max(0, groundPx - Math.ceil(depthPx));
  const flat = await createFlatRows(context, shadow, place, { firstY, depthPx });
  const copy = createRowCopy(space, canvas);
  const [red, green, blue] = shadow.color.map(toLinear) as [number, number, number];
  let y = 0;
  return {
    lagRows: 0,
    take() {},
    paint(row, to) {
      if (y < firstY || y > flat.lastY) copy(row, to);
      else {
        // No shadow above the part that rests on the ground.
        const kept = Math.min(1, 1 - (groundPx - 1 - y) / depthPx);
        layOverShadow(row, flat.next(), canvas.widthPx, red, green, blue, shadow.opacity * Math.max(0, kept), to);
      }
      y += 1;
    },
  };
}

function createRowCopy(space: KernelSpace, { widthPx }: RowShape): (row: Row, to: Row) => void {
  const bytes = widthPx * 16;
  return (row, to) => space.bytes(to, bytes).set(space.bytes(row, bytes));
}

/** The blurred rows of a flat shape from a row of the canvas on. */
type FlatRows = {
  /** The last row that is not transparent. */
  readonly lastY: number;
  /** Returns the next row, as a plane of floats for the columns of the canvas. It is valid until the next call. */
  next(): Row;
};

async function createFlatRows(
  { space, pace }: Pick<PrepareContext, "space" | "pace">,
  shadow: ContactShadow,
  {
    footprint,
    canvas,
    margins,
  }: { readonly footprint: Footprint; readonly canvas: RowShape; readonly margins: ShapeMargins },
  { firstY, depthPx }: { readonly firstY: number; readonly depthPx: number },
): Promise<FlatRows> {
  const { flatRow } = space.use(compositionKernels);
  const { groundPx } = footprint;
  const { sigmaPx } = shadow;
  const marginPx = marginOf(shadow);
  const planePx = canvas.widthPx + 2 * marginPx;
  const { halves, weights } = await toFlatShape(footprint, { ...shadow, depthPx }, marginPx, pace);
  const place = (values: Float32Array) => {
    const row = allocateRow(space, planePx);
    space.bytes(row + margins.left * 4, values.byteLength).set(new Uint8Array(values.buffer));
    return row;
  };
  const [halfRow, weightRow, plane] = [place(halves), place(weights), allocateRow(space, planePx)];
  const blur = sigmaPx > 0 ? await createAlphaBlur(space, planePx, sigmaPx, pace) : undefined;
  const reach = blurReach(sigmaPx);
  const highestPx = Math.ceil(halves.reduce((most, half) => Math.max(most, half), 0));
  // The blur takes rows from the first one of the shape on, and as many rows ahead as it reaches.
  let given = Math.min(groundPx - highestPx, firstY - reach);
  const next = (): Row => {
    flatRow(halfRow, weightRow, planePx, given - groundPx, plane);
    given += 1;
    return (blur?.(plane) ?? plane) + marginPx * 4;
  };
  while (given < firstY + reach) {
    next();
    await pace(planePx);
  }
  return { lastY: groundPx + highestPx + reach, next };
}
