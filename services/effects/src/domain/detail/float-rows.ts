import type { KernelSpace } from "../../kernels/kernel-space.ts";
import type { Row } from "../rows/rows.ts";

/** The shape of rows of floats, or of integers of 32 bits, without gaps. */
export type FloatRows = { readonly widthPx: number; readonly channels: 1 | 2 | 3 | 4 };

// Kernels write up to 32 bytes past the end of a row.
const slackBytes = 64;

/** Allocates a row of `samples` values of 4 bytes and room for what kernels write past its end. */
export function allocateRow(space: KernelSpace, samples: number): Row {
  return space.allocate(samples * 4 + slackBytes);
}

/** A ring of rows. */
export type RowWindow = {
  /** Returns the place of the next row, over the oldest one. */
  next(): Row;
  /** Returns the place that `next` returned `back` calls ago: 0 for the last one. */
  row(back: number): Row;
};

/** Creates a ring of `rows` rows of `samples` values of 4 bytes. */
export function createRowWindow(space: KernelSpace, samples: number, rows: number): RowWindow {
  const stride = Math.ceil((samples * 4 + slackBytes) / 16) * 16;
  const memory = space.allocate(rows * stride);
  let newest = -1;
  return {
    next() {
      newest = (newest + 1) % rows;
      return memory + newest * stride;
    },
    row: (back) => memory + ((newest - back + rows) % rows) * stride,
  };
}
