import { type DetailKernels, detailKernels } from "../../kernels/detail-kernels.ts";
import type { KernelSpace } from "../../kernels/kernel-space.ts";
import type { Row } from "../rows/rows.ts";
import type { BlurShape } from "./blur-shape.ts";
import { allocateRow, type FloatRows } from "./float-rows.ts";
import { createBoxes, createDisc, createTaps, type SpreadRows } from "./spread-rows.ts";

/** Blurs the rows of a picture, whose edges are repeated. Values are 0 to 1. */
export type RowBlur = {
  /** Rows between a row and the last one that its blurred row needs. */
  readonly delayRows: number;
  /** Takes the next row. Returns the blurred row of `delayRows` rows before it, undefined for the first rows. It is valid until the next call. */
  push(row: Row): Row | undefined;
  /** Returns the next of the last blurred rows. Called once for each row that `push` has not returned. */
  rest(): Row;
};

/**
 * Creates a blur. Its memory is proportional to the row and to the blur's reach; so is the time of taps and of a disc; that of boxes does
 * not depend on it.
 */
export function createRowBlur(space: KernelSpace, rows: FloatRows, shape: BlurShape): RowBlur {
  const kernels = space.use(detailKernels);
  const spread = createSpread(space, kernels, rows, shape);
  const out = allocateRow(space, rows.widthPx * rows.channels);
  const { reach } = spread;
  let last: Row = 0;
  let taken = 0;
  const take = (place: Row): Row | undefined => {
    last = place;
    spread.moveDown(out);
    taken += 1;
    return taken > 2 * reach ? out : undefined;
  };
  const repeat = (): Row | undefined => {
    const place = spread.place();
    space.bytes(place, spread.rowBytes).set(space.bytes(last, spread.rowBytes));
    return take(place);
  };
  return {
    delayRows: reach,
    push(row) {
      const isFirst = taken === 0;
      const place = spread.place();
      spread.across(row, place);
      let blurred = take(place);
      if (isFirst) for (let i = 0; i < reach; i++) blurred = repeat();
      return blurred;
    },
    rest() {
      let row = repeat();
      while (row === undefined) row = repeat();
      return row;
    },
  };
}

function createSpread(space: KernelSpace, kernels: DetailKernels, rows: FloatRows, shape: BlurShape): SpreadRows {
  switch (shape.kind) {
    case "taps":
      return createTaps(space, kernels, rows, shape.weights);
    case "boxes":
      return createBoxes(space, kernels, rows, shape);
    default:
      return createDisc(space, kernels, rows, shape);
  }
}
