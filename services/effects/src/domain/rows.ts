/** A picture inside a chain: always RGB or RGBA. */
export type RowShape = { readonly widthPx: number; readonly heightPx: number; readonly channels: 3 | 4 };

/**
 * One row inside a chain: `widthPx * channels` samples from 0 to 1, sRGB-encoded, straight alpha last where there are four.
 * Whoever receives a row may change it in place and must be done with it before asking for the next.
 */
export type Row = Float32Array;

/**
 * One part of a chain: takes the rows of a picture top-down and gives as many of the same shape. It may hold rows back, as
 * many as its effect needs to see at once, so that memory does not grow with the picture's height.
 */
export type Stage = (rows: AsyncIterable<Row>) => AsyncIterable<Row>;

/** Changes one row in place. Called once a row, top-down, so it may keep state from row to row. */
export type RowKernel = (row: Row, y: number) => void;

/** The stage that applies a kernel to each row. */
export function mapRows(kernel: RowKernel): Stage {
  return async function* mapped(rows) {
    let y = 0;
    for await (const row of rows) {
      kernel(row, y);
      y += 1;
      yield row;
    }
  };
}

/** The stage that is several stages one after another. None: rows pass unchanged. */
export function joinStages(stages: readonly Stage[]): Stage {
  return (rows) => stages.reduce((input, stage) => stage(input), rows);
}
