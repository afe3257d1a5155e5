import { type Row, type RowPainter, rowBytes, type StageContext } from "./rows.ts";

/** Returns the function that gives a row of the stage as floats: the row itself, or a converted copy that the next call reuses. */
export function createFloatReader({
  space,
  shape,
  from,
}: Pick<StageContext, "space" | "shape" | "from">): (row: Row) => Row {
  if (from === "floats") return (row) => row;
  const { bytesToFloats } = space.kernels;
  const floats = space.allocate(rowBytes(shape, "floats"));
  return (row) => {
    bytesToFloats(row, shape.widthPx * shape.channels, floats);
    return floats;
  };
}

/**
 * Returns the function that calls `paint` with the address of a row of floats and then has these samples, of all channels, in the row `to` of the
 * stage. `paint` must write every sample, alpha too unless it is written to the stage's row afterwards. Samples outside 0 to 1 are clamped only in rows of bytes.
 */
export function createFloatWriter({
  space,
  shape,
  to: format,
}: Pick<StageContext, "space" | "shape" | "to">): (to: Row, paint: (floats: Row) => void) => void {
  if (format === "floats") return (to, paint) => paint(to);
  const { floatsToBytes } = space.kernels;
  const floats = space.allocate(rowBytes(shape, "floats"));
  return (to, paint) => {
    paint(floats);
    floatsToBytes(floats, shape.widthPx * shape.channels, to);
  };
}

/**
 * Makes a painter of rows of floats one of the stage's formats, for `mapRows`. `paint` writes colours from 0 to 1; alpha is written by `mapRows`. The
 * rows never overlap.
 */
export function onFloats(context: StageContext, paint: RowPainter): RowPainter {
  const read = createFloatReader(context);
  const write = createFloatWriter(context);
  return (row, to, y) => {
    const floats = read(row);
    write(to, (out) => paint(floats, out, y));
  };
}
