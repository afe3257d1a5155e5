import type { RowShape } from "../../src/domain/rows/rows.ts";

export type { RowShape };

/**
 * One row inside a chain: `widthPx * channels` samples from 0 to 1, sRGB-encoded, with straight alpha last if there are four
 * channels. A receiver may change a row in place and must be done with it before it requests the next one.
 */
export type Row = Float32Array;

/**
 * One part of a chain: maps the rows of a picture, top-down, to as many rows of the same shape. It may hold back as many rows as
 * its effect needs at once, so that memory does not grow with the picture's height.
 */
export type RowTransform = (rows: AsyncIterable<Row>) => AsyncIterable<Row>;

/** Changes one row in place. Called once for each row, top-down, so it may keep state between rows. */
export type RowKernel = (row: Row, y: number) => void;

/** Returns the transform that applies a kernel to each row. */
export function mapRows(kernel: RowKernel): RowTransform {
  return async function* mapped(rows) {
    let y = 0;
    for await (const row of rows) {
      kernel(row, y);
      y += 1;
      yield row;
    }
  };
}

/** Joins several transforms, one after another. Without any, rows are unchanged. */
export function joinTransforms(transforms: readonly RowTransform[]): RowTransform {
  return (rows) => transforms.reduce((input, transform) => transform(input), rows);
}
