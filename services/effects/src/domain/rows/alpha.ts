import { type Row, type RowFormat, type StageContext, sampleBytes } from "./rows.ts";

/**
 * Returns the function that copies the alpha of a row, or of so many pixels, to one of another format. It does nothing for three channels.
 */
export function createAlphaCopy({
  space,
  shape,
  from,
  to,
}: StageContext): (from: Row, to: Row, pixels?: number) => void {
  if (shape.channels === 3) return () => {};
  const { moveAlpha } = space.kernels;
  const [fromBytes, toBytes] = [sampleBytes(from), sampleBytes(to)];
  return (source, target, pixels = shape.widthPx) =>
    moveAlpha(
      source + 3 * fromBytes,
      4 * fromBytes,
      from === "floats",
      pixels,
      target + 3 * toBytes,
      4 * toBytes,
      to === "floats",
    );
}

/** Keeps the alpha of several rows of a picture of four channels, in the format of the rows that it is put into. */
export type HeldAlpha = { take(row: Row, place: number): void; put(place: number, row: Row): void };

/** Creates places for the alpha of `rows` rows. */
export function createHeldAlpha({ space, shape, from, to }: StageContext, rows: number): HeldAlpha {
  if (shape.channels === 3) return { take() {}, put() {} };
  const { moveAlpha } = space.kernels;
  const [fromBytes, toBytes] = [sampleBytes(from), sampleBytes(to)];
  const stride = shape.widthPx * toBytes;
  const planes = space.allocate(rows * stride);
  const isFloat = (format: RowFormat) => format === "floats";
  const [fromFloat, toFloat] = [isFloat(from), isFloat(to)];
  return {
    take: (row, place) =>
      moveAlpha(
        row + 3 * fromBytes,
        4 * fromBytes,
        fromFloat,
        shape.widthPx,
        planes + place * stride,
        toBytes,
        toFloat,
      ),
    put: (place, row) =>
      moveAlpha(planes + place * stride, toBytes, toFloat, shape.widthPx, row + 3 * toBytes, 4 * toBytes, toFloat),
  };
}
